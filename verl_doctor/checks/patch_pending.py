"""A patch of your own is still to be applied.

Patches that a team has added (docs/own-patches.md) are as much a part of its environment as the built-in ones: a node
without them behaves differently from the others, often late and silently. What the built-in patches cure is reported
under the failure's own name instead.

See it: `verl-doctor patch --status`. Cure it: apply the patches, or install a release without the bug.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.patches import PatchState
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.target import Target

ID: Final = "VD028"
NAME: Final = "patch-pending"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.PATCH


def ask(target: Target, patches: Mapping[str, PatchState]) -> Iterator[Finding]:
    """Yield a finding for each patch of a team's own that can be applied and is not."""
    for name, state in patches.items():
        if state.state == "applicable" and not state.only_where and not state.is_built_in:
            yield Finding(
                message=f"{state.id} {name} is not applied to {state.distribution} {state.version}.",
                remedy=Remedy(
                    text="Apply the patches.",
                    commands=(f"verl-doctor patch --apply {target.options}",),
                    patch=name,
                ),
                evidence=(f"{state.file} is as it was released",),
                about=frozenset({state.distribution}),
            )
