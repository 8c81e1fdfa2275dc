"""A key is set without "+" in a part of verl's configuration where every key is new.

Below engine_kwargs, override_config and the like any key may be set, but Hydra takes a key that is not there yet only
with a "+" before it. Without it Hydra stops: "Could not override '...'. To append to your config use +...". Some of
these keys were in verl's own configuration in an older release, where the "+" would have been wrong.

Put a "+" before the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.configured import configured
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.open_parts import is_open
from verl_doctor.lint.overrides import refused
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings.keys import known_by

ID: Final = "VD601"
NAME: Final = "plus-missing"
SEVERITY: Final = Severity.ERROR


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the settings that need a "+"."""
    del matrix
    start = configured(launch, facts)
    if start is None:
        return
    for found in refused(launch.settings, start):
        setting = found.setting
        if found.why == "not there" and setting.sigil == "" and all(is_open(setting.name, k) for k in start.possible):
            elsewhere = known_by(setting.name)
            told = f" ({elsewhere} has it)" if elsewhere else ""
            yield Fault(
                id=ID,
                name=NAME,
                severity=SEVERITY,
                setting=setting,
                message=(
                    f"{setting.name} is a new key in the configuration of verl {start.release}{told}: Hydra stops with "
                    f"\"Could not override '{setting.name}'\" before anything starts."
                ),
                remedy=Remedy(text=f"Put a + before it: {_with_plus(setting.written.strip(), setting.name)}"),
                edits=(Edit(span=setting.key, text=f"+{setting.name}"),) if setting.key else (),
            )


def _with_plus(written: str, name: str) -> str:
    """Return a setting as it should be written, its + inside the quotes."""
    return written.replace(name, f"+{name}", 1) if name in written else f"+{written}"
