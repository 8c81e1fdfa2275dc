"""An uninstall that was cut off left folders whose names begin with `~`.

pip renames what it removes, `pip` to `~ip`, and deletes it last. What stays harms nothing but disk space, and every
pip command warns of an "invalid distribution" until it is gone.

See it: list the folder named in the finding. Cure it: remove what begins with `~`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.model import Finding, Layer, Remedy, Severity

ID: Final = "VD004"
NAME: Final = "leftover-distribution"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.INSTALLATION
SIGNATURE: Final = (r"Ignoring (?:incompletely removed|invalid) distribution",)


def ask(packages: Mapping[str, Distribution]) -> Iterator[Finding]:
    """Yield a finding for each metadata folder that an uninstall left behind."""
    for key, distribution in packages.items():
        if distribution.name.startswith("~"):
            place = f"{distribution.location}/{distribution.metadata}"
            package = f"{distribution.location}/{distribution.name}"
            yield Finding(
                message=f"{distribution.metadata} in {distribution.location} is left over from an uninstall.",
                remedy=Remedy(
                    text="Remove it, and the package's folder of the same name where it is there.",
                    commands=(f"rm -rf {quote(place)} {quote(package)}",),
                ),
                evidence=(place,),
                about=frozenset({key}),
            )
