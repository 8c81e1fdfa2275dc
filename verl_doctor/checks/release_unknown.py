"""An installed verl, vLLM or tensordict is a release that the compatibility matrix does not know.

It may be newer than this verl-doctor, or a build of your own. Then only the installed packages' own requirements
decide, and nothing here vouches for how they work together.

See it: the version in the finding. Cure it: a newer verl-doctor may know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Finding, Layer, Remedy, Severity

ID: Final = "VD025"
NAME: Final = "release-unknown"
SEVERITY: Final = Severity.INFO
LAYER: Final = Layer.COMPANION


def ask(packages: Mapping[str, Distribution], matrix: Matrix) -> Iterator[Finding]:
    """Yield a finding for each release that the matrix has no row for."""
    for name in ("verl", "vllm", "tensordict"):
        installed = packages.get(name)
        if installed and not installed.broken and not matrix.known(name, installed.version):
            yield Finding(
                message=f"{name} {installed.version} is in no row of the compatibility matrix: "
                "only its own requirements were compared.",
                remedy=Remedy(text="A newer verl-doctor may know this release."),
                evidence=(f"{installed.location}/{installed.metadata}",),
                about=frozenset({name}),
            )
