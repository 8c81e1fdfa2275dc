"""What cures a known failure on given facts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Final

from verl_doctor.errors import DataError
from verl_doctor.facts.gpus import kinds
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.conditions import conditions
from verl_doctor.knowledge.judgement import Condition, Holds, judge_any
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.matrix.specifiers import exact, satisfies
from verl_doctor.matrix.strict_yaml import Row
from verl_doctor.model import Remedy, Unavailable
from verl_doctor.reinstall import torch_again
from verl_doctor.target import Target

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9-]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """One way out, for facts on which `when` holds.

    `stack` names what to take from a recommended stack; `upgrade` a distribution and the first release that will
    do: the way is open where such a release fits everything else that is installed.
    """

    when: tuple[Condition, ...]
    text: str
    commands: tuple[str, ...]
    pins: tuple[tuple[str, str], ...]
    stack: tuple[str, ...]
    upgrade: tuple[tuple[str, str], ...]
    patch: str | None


def read(fields: Row) -> Cure:
    """Return the cure that a mapping describes."""
    fields.only({"when", "text", "commands", "pins", "stack", "upgrade", "patch"})
    return Cure(
        when=conditions(fields.get("when", []), fields.place),
        text=fields.text("text"),
        commands=fields.texts("commands"),
        pins=tuple(fields.pairs("pins").items()),
        stack=fields.texts("stack"),
        upgrade=tuple(fields.pairs("upgrade").items()),
        patch=fields.get("patch"),
    )


def remedy(cures: Sequence[Cure], name: str, facts: Facts, matrix: Matrix) -> Remedy:
    """Return the first cure that fits these facts."""
    for cure in cures:
        if cure.when and not isinstance(judge_any(cure.when, facts), Holds):
            continue
        stack = _stack(cure, facts, matrix)
        if cure.stack and stack is None:
            continue
        upgraded = _upgraded(cure, facts, matrix)
        if upgraded is None:
            continue
        pins = dict(cure.pins) | (_taken(cure, stack, facts) if stack else {}) | upgraded
        words = _words(facts, pins, stack) | _torch_again(facts, matrix)
        return Remedy(
            text=_filled(cure.text, words),
            commands=tuple(_filled(command, words) for command in cure.commands),
            patch=cure.patch,
            pins=tuple(pins.items()),
        )
    raise DataError(f"No cure of {name!r} fits; the last one must fit always.")


def _stack(cure: Cure, facts: Facts, matrix: Matrix) -> Stack | None:
    if not cure.stack or isinstance(facts.packages, Unavailable) or "verl" not in facts.packages:
        return None
    vllm = facts.packages.get("vllm")
    return matrix.best_stack(
        verl=facts.packages["verl"].version,
        vllm=vllm.version if vllm and "vllm" not in cure.stack else None,
        python=None if isinstance(facts.python, Unavailable) else facts.python.version,
        driver=None if isinstance(facts.driver, Unavailable) else facts.driver.version,
        gpus=kinds(facts.gpus),
    )


def _taken(cure: Cure, stack: Stack, facts: Facts) -> dict[str, str]:
    """Return the stack's versions of what the cure names, as far as another version is installed."""
    installed = {} if isinstance(facts.packages, Unavailable) else facts.packages
    return {
        name: stack.pins[name]
        for name in cure.stack
        if name in stack.pins and name in installed and not satisfies(installed[name].version, f"=={stack.pins[name]}")
    }


def _upgraded(cure: Cure, facts: Facts, matrix: Matrix) -> dict[str, str] | None:
    """Return the releases that the cure upgrades to; None where one that fits what is installed does not exist."""
    if not cure.upgrade:
        return {}
    if isinstance(facts.packages, Unavailable):
        return None
    from verl_doctor.fitting import nearest_release  # it reads the known failures itself

    versions = {name: distribution.version for name, distribution in facts.packages.items()}
    python = "" if isinstance(facts.python, Unavailable) else facts.python.version
    releases = {name: nearest_release(matrix, versions, name, since, python) for name, since in cure.upgrade}
    found = {name: release for name, release in releases.items() if release}
    return found if len(found) == len(releases) else None


def _words(facts: Facts, pins: Mapping[str, str], stack: Stack | None) -> dict[str, str]:
    """Return what the placeholders of a cure stand for; the installed version is "{name}"."""
    installed = {} if isinstance(facts.packages, Unavailable) else facts.packages
    return {
        **{name: distribution.version for name, distribution in installed.items()},
        "install": facts.target.installer,
        "uninstall": facts.target.installer.replace(" install", " uninstall", 1),
        "python": _python(facts.target),
        "minor": ".".join((facts.target.version or "3").split(".")[:2]),
        "target": facts.target.options,
        "pins": " ".join(f"'{name}=={version}'" for name, version in pins.items()),
        "stack": stack.name if stack else "",
    }


def _torch_again(facts: Facts, matrix: Matrix) -> dict[str, str]:
    """Return what installs the torch of the installed vLLM again, from the installer's own index."""
    if isinstance(facts.packages, Unavailable) or not {"vllm", "torch"} <= facts.packages.keys():
        return {}
    pin = exact((matrix.requires("vllm", facts.packages["vllm"].version) or {}).get("torch", ""))
    return {"torch-again": torch_again(facts.target, facts.packages, pin or facts.packages["torch"].version)}


def _python(target: Target) -> str:
    """Return the environment's interpreter, or where it will be once the environment is made again."""
    return quote(target.python or ("python3" if target.kind == "folder" else f"{target.prefix}/bin/python"))


def _filled(text: str, words: Mapping[str, str]) -> str:
    def word(match: re.Match[str]) -> str:
        if match.group(1) not in words:
            raise DataError(f"The cure {text!r} has the unknown placeholder {match.group()}.")
        return words[match.group(1)]

    return _PLACEHOLDER.sub(word, text)
