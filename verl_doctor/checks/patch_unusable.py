"""A patch of your own cannot be used.

An installed package names it as an entry point of the group `verl_doctor.patches`, and it cannot be loaded or declares
something impossible. Whether this node needs it is not known: the other patches are looked at without it.

See it: `verl-doctor patch --status`. Cure it: correct the patch, or uninstall the package that names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.broken_patches import Broken
from verl_doctor.model import Finding, Layer, Remedy, Severity

ID: Final = "VD029"
NAME: Final = "patch-unusable"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.PATCH


def ask(broken_patches: tuple[Broken, ...]) -> Iterator[Finding]:
    """Yield a finding for each patch of a team's own that cannot be used."""
    for broken in broken_patches:
        yield Finding(
            message=f"The patch {broken.origin} cannot be used: {broken.reason}.",
            remedy=Remedy(
                text="Correct the patch, or uninstall the package that names it; this tries it on its own examples.",
                commands=("verl-doctor patch --verify-patch",),
            ),
            evidence=(f"entry point {broken.origin}",),
        )
