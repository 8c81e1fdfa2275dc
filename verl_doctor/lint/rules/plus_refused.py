"""A key is set with "+" although this verl has it with a value already.

"+" adds a key. Where there is one with a value, Hydra stops: "Could not append to config. An item is already at
'...'". That happens to launch scripts from the time before verl had the key. Keys that are null or a mapping take a
"+".

Remove the "+"; "++" is right in both cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.configured import configured
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.overrides import refused
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import values
from verl_doctor.settings.keys import MAPPING

ID: Final = "VD602"
NAME: Final = "plus-refused"
SEVERITY: Final = Severity.ERROR


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the settings whose "+" Hydra refuses."""
    del matrix
    start = configured(launch, facts)
    if start is None:
        return
    for found in refused(launch.settings, start):
        if found.why == "there already":
            setting = found.setting
            default = start.likely[0][setting.name]
            has = "" if default == MAPPING or isinstance(default, list) else f", {values.written(default)} by default"
            yield Fault(
                id=ID,
                name=NAME,
                severity=SEVERITY,
                setting=setting,
                message=(
                    f"verl {start.release} has the key {setting.name} already{has}: Hydra stops with "
                    f"\"Could not append to config. An item is already at '{setting.name}'\" before anything starts."
                ),
                remedy=Remedy(
                    text=f"Remove the +: {setting.written.strip().replace('+' + setting.name, setting.name, 1)}"
                ),
                edits=(Edit(span=setting.key, text=setting.name),) if setting.key else (),
            )
