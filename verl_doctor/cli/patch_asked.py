"""What `verl-doctor patch` is asked for: what to do with which patches, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from verl_doctor.errors import UsageError

if TYPE_CHECKING:
    from verl_doctor.cli.options import Format
    from verl_doctor.facts.packages import Distribution
    from verl_doctor.facts.patches import PatchState
    from verl_doctor.host import Host
    from verl_doctor.patching.catalogue import Catalogue
    from verl_doctor.patching.patch import Patch
    from verl_doctor.target import Target


class Mode(Enum):
    """What to do with the patches; PREVIEW is what happens without an option."""

    PREVIEW = "preview"
    APPLY = "apply"
    REVERT = "revert"
    PREVIEW_REVERT = "revert-preview"
    STATUS = "status"
    CHECK = "check"
    VERIFY = "verify-patch"


def mode(*, diff: bool, **wanted: bool) -> Mode:
    """Return what the options mean. Raises UsageError for two that cannot be given together."""
    chosen = [name for name, is_wanted in wanted.items() if is_wanted]
    if diff and chosen == ["revert"]:
        return Mode.PREVIEW_REVERT
    chosen += ["diff"] if diff else []
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} cannot be given together.")
    return Mode(chosen[0]) if chosen and not diff else Mode.PREVIEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for, of which patches, and where; `folders` hold those of a team's own that are not installed."""

    mode: Mode
    names: Sequence[str]
    known: Catalogue
    output: Format
    host: Host
    target: Target
    packages: Mapping[str, Distribution]
    folders: Sequence[Path] = ()

    @property
    def is_written(self) -> bool:
        """Whether files are to be changed."""
        return self.mode in {Mode.APPLY, Mode.REVERT}

    @property
    def is_taken_back(self) -> bool:
        """Whether this is about reverting."""
        return self.mode in {Mode.REVERT, Mode.PREVIEW_REVERT}

    @property
    def patches(self) -> tuple[Patch, ...]:
        """The patches to apply: those named, else those that most environments need."""
        from verl_doctor.patching.catalogue import usual

        return self.known.named(self.names) if self.names else usual(self.known.patches)

    def missing(self, states: Mapping[str, PatchState]) -> list[PatchState]:
        """Return those of the patches that were named whose distribution is not installed."""
        is_needed = self.names and self.mode in {Mode.APPLY, Mode.CHECK}
        return [state for state in states.values() if is_needed and not state.version]

    def states(self, patches: Sequence[Patch]) -> Mapping[str, PatchState]:
        """Return what these patches find."""
        from verl_doctor.patching.state import states

        return states(self.host, self.target, self.packages, patches) if patches else {}
