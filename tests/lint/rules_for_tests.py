"""Rules that tests judge with: what a launch must not say, and what corrects it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.facts_of import facts_of
from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.document import Document, Launch, Setting
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.judge import Judgement, Rule, judge
from verl_doctor.matrix.load import load
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy, Severity

Edits = Callable[[Setting], tuple[Edit, ...]]


def no_edits(setting: Setting) -> tuple[Edit, ...]:
    """A fault that nobody can correct safely."""
    del setting
    return ()


def remove(setting: Setting) -> tuple[Edit, ...]:
    """The setting goes."""
    return (Edit(span=setting.whole, text=""),)


def replace(text: str) -> Edits:
    """The value becomes this text."""

    def edits(setting: Setting) -> tuple[Edit, ...]:
        return () if setting.literal is None else (Edit(span=setting.literal, text=text),)

    return edits


def rename(name: str) -> Edits:
    """The key becomes this one."""

    def edits(setting: Setting) -> tuple[Edit, ...]:
        return () if setting.key is None else (Edit(span=setting.key, text=name),)

    return edits


def rule(
    name: str,
    value: str | None,
    edits: Edits = no_edits,
    beside: tuple[tuple[str, str], ...] = (),
    program: str | None = None,
) -> Rule:
    """A rule against a setting with a value (None: with any); only in launches of a program, if one is named."""

    def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
        del facts, matrix
        if program is not None and launch.program != program:
            return
        for setting in launch.settings:
            if setting.name == name and value in {None, setting.value}:
                yield Fault(
                    id="VD999",
                    name=f"no-{name.lower().replace('_', '-')}-{value}",
                    severity=Severity.ERROR,
                    setting=setting,
                    message=f"{name} is {setting.value}.",
                    remedy=Remedy(text="Change it.", commands=("true",)),
                    edits=edits(setting),
                    beside=beside,
                )

    return Rule(id="VD999", name=f"no-{name.lower()}-{value}", severity=Severity.ERROR, ask=ask)


def judged(document: Document, *rules: Rule) -> Judgement:
    """What these rules find in a file."""
    return judge(document, facts_of(), load(), rules)
