"""A word after verl's program is none that Hydra can read.

verl's programs take KEY=VALUE and nothing else: a blank after the "=", a value of several words without quotes, a list
that the shell splits at its blanks, dashes before a key. Hydra stops at such a word with an OverrideParseException, or
with "unrecognized arguments", before anything starts.

Put quotes around the whole setting, and no blank beside its "=".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.configured import FAMILIES, module
from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.fault import Fault
from verl_doctor.lint.hydra_words import Refusal, refusal
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy, Severity

ID: Final = "VD614"
NAME: Final = "hydra-cannot-parse"
SEVERITY: Final = Severity.ERROR
_WHY: Final[dict[Refusal, tuple[str, str]]] = {
    "no setting": (
        "is no KEY=VALUE: Hydra stops with an OverrideParseException before anything starts.",
        "Put quotes around the whole setting that it is a part of, with no blank beside the =.",
    ),
    "bracket": (
        "has a bracket without its other half: Hydra stops with an OverrideParseException before anything starts.",
        "Put quotes around the whole setting: a blank or comma in a list ends the word otherwise.",
    ),
    "option": (
        'is no option of Hydra: the program stops with "unrecognized arguments" before anything starts.',
        "Write a setting of verl as KEY=VALUE, without dashes.",
    ),
}


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the words at which Hydra stops, whatever the versions."""
    del facts, matrix
    if module(launch) not in FAMILIES:
        return
    for setting in launch.settings:
        why = refusal(_word(setting))
        if setting.kind in {"verl", "word"} and why is not None:
            message, cure = _WHY[why]
            yield Fault(
                id=ID,
                name=NAME,
                severity=SEVERITY,
                setting=setting,
                message=f"The word {_word(setting)!r} {message}",
                remedy=Remedy(text=cure),
            )


def _word(setting: Setting) -> str:
    """Return the word as Hydra gets it; an empty value stands for one that is not known."""
    if setting.kind == "word" or setting.name.startswith("-"):
        return setting.name
    return f"{setting.sigil}{setting.name}={setting.value or ''}"
