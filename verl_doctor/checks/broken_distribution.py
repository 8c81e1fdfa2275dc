"""An installed distribution's metadata cannot be used.

A folder `<name>-<version>.dist-info` without METADATA is the trace of an install or uninstall that was cut
off (a full disk, a killed job, two installers at once). pip does not report
it; the next install may skip the package, or leave two versions mixed.

See it: list the folder named in the finding. Cure it: remove the leftover and install the package again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.target import Target

ID: Final = "VD002"
NAME: Final = "broken-distribution"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INSTALLATION


def ask(target: Target, packages: Mapping[str, Distribution]) -> Iterator[Finding]:
    """Yield a finding for each distribution whose metadata is not usable."""
    for key, distribution in packages.items():
        if distribution.broken is None or distribution.name.startswith("~"):
            continue
        place = f"{distribution.location}/{distribution.metadata}"
        wanted = f"{distribution.name}=={distribution.version}" if distribution.version else distribution.name
        yield Finding(
            message=f"{distribution.name} {distribution.version} is not properly installed: {distribution.broken}.",
            remedy=Remedy(
                text="Remove the leftover and install the package again.",
                commands=(f"rm -r {quote(place)}", f"{target.installer} --force-reinstall {quote(wanted)}"),
                pins=((key, distribution.version),) if distribution.version else (),
            ),
            evidence=(place,),
            about=frozenset({key}),
        )
