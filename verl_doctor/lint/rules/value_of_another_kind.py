"""A text stands where this release of verl has a number, or True or False.

Hydra takes any value. A misspelt False is a text like another, and a text counts as true, so the setting does the
opposite of what was meant; a text in place of a number stops the job where the number is first used, often after the
model has been loaded.

See it: what the configuration of the release has for the key. Write True, False or a number.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.configured import configured
from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import values
from verl_doctor.settings.keys import Keys

ID: Final = "VD615"
NAME: Final = "value-of-another-kind"
SEVERITY: Final = Severity.ERROR
_CUTOFF: Final = 0.6
_WORDS_TOO: Final = "_freq"
"""How often something is done can also be said in words (after_each_epoch)."""


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield each text that stands for something else."""
    del matrix
    start = configured(launch, facts)
    if start is None:
        return
    for setting in launch.settings:
        if setting.kind != "verl" or setting.value is None or setting.sigil == "~" or "${" in setting.value:
            continue
        defaults = [_default(keys, setting.name) for keys in start.possible]
        text = values.plain(setting.value)
        if not isinstance(text, str) or text[:1] in {"[", "{"} or setting.name.endswith(_WORDS_TOO):
            continue
        if all(isinstance(default, bool) for default in defaults):
            yield _fault(setting, text, start.release, "True or False")
        elif all(isinstance(default, int | float) and not isinstance(default, bool) for default in defaults):
            yield _fault(setting, text, start.release, "a number")


def _default(keys: Keys, name: str) -> Any:
    return keys.get(name)


def _fault(setting: Setting, text: str, release: str, wanted: str) -> Fault:
    near = difflib.get_close_matches(text.capitalize(), ("True", "False"), 1, _CUTOFF) if wanted != "a number" else []
    edits = (Edit(span=setting.literal, text=near[0]),) if near and setting.literal else ()
    return Fault(
        id=ID,
        name=NAME,
        severity=SEVERITY,
        setting=setting,
        message=f"{setting.name} is {setting.value}, and verl {release} has {wanted} there.",
        remedy=Remedy(text=f"Write {near[0]}." if near else f"Write {wanted}."),
        edits=edits,
    )
