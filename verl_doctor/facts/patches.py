"""The state of each known patch in the target, from the content of the file it edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from verl_doctor.facts.packages import Distribution
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 10.0
BUILT_IN: Final = "VDP"
"""How the ids of the built-in patches begin; each of those has a known failure of its name."""

State = Literal["applicable", "applied", "fixed-upstream", "unrecognised", "absent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchState:
    """What a patch finds in the file it edits; `reason` says why for all but the plain cases.

    `fixed_in` is the first release without the bug; `only_where` the condition under which the bug is met, for a
    patch that is applied only by name. `is_affected` says of a file that is missing or not recognised whether the
    release came with it, and with the bug.
    """

    id: str
    distribution: str
    version: str | None
    file: str
    state: State
    reason: str | None = None
    fixed_in: str | None = None
    only_where: str | None = None
    is_affected: bool = False

    @property
    def is_built_in(self) -> bool:
        """Whether the patch comes with verl-doctor."""
        return self.id.startswith(BUILT_IN)


def collect(host: Host, target: Target, packages: Mapping[str, Distribution]) -> dict[str, PatchState]:
    """Return the state of every known patch by name. Contents of published releases are known without parsing."""
    from verl_doctor.patching import catalogue
    from verl_doctor.patching.state import states

    return states(host, target, packages, catalogue.everything().patches)
