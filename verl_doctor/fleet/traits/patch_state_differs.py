"""A patch is applied on some nodes and not on others.

Where a patch is missing, the bug that it cures is met on that node alone: the job fails there, or one engine of many
answers wrongly. A node that was reinstalled, or whose files are not on the shared file system, is the usual reason. Run
`verl-doctor patch --apply` on the others; `verl-doctor patch --status` says what each has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.patches import PatchState
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD829"
NAME: Final = "patch-state-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.PATCH
WHY: Final = "The bug that the patch cures is met on the nodes without it only."
CURE: Final = "Apply the patch on the nodes that lack it."
ABSENT: Final = ""
SOURCES: Final[tuple[Source, ...]] = ()


def observe(patches: Mapping[str, PatchState]) -> Iterator[Observed]:
    """Yield the state of each patch."""
    yield from ((f"patch {name}", state.state) for name, state in patches.items())
