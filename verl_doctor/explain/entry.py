"""What is written about one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from verl_doctor.model import Layer, Severity, Source

Kind = Literal["check", "rule", "failure", "difference", "patch", "probe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """One way out: for which environments, what to do, and how.

    `when` are alternatives in words; none where it is for all. Of several cures the first that is for an environment
    counts; the last, for all others, has "otherwise".
    """

    when: tuple[str, ...]
    text: str
    commands: tuple[str, ...]
    patch: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A patch: what it changes in which releases, and the commands that show, make and undo that."""

    id: str
    releases: str
    fixed_in: str | None
    only_where: str | None
    text: str
    edits: tuple[str, ...]
    upstream: tuple[str, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A check, a rule of lint, a known failure, a difference between nodes, a patch that cures none, or a probe.

    The id of a probe is its name; its cure is for where it fails.

    `text` are its paragraphs, as they are written. `when` are alternatives, each a list of what must hold; where none
    of `within` holds, it cannot occur. `found_by` are the ways to find it; `signatures` are regular expressions for
    lines of a log; where there are `frames`, those that are not in `alone` count only in a traceback with a frame
    that one of these matches. `follows` names the failures of which it is usually but a consequence ("any" for
    whatever else the log shows); `launch` are settings that bring it about.
    """

    id: str
    name: str
    kind: Kind
    layer: Layer
    severity: Severity | None
    title: str
    text: str = ""
    when: tuple[tuple[str, ...], ...] = ()
    within: tuple[tuple[str, ...], ...] = ()
    found_by: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    launch: tuple[str, ...] = ()
    cures: tuple[Cure, ...] = ()
    sources: tuple[Source, ...] = ()
    patch: Edit | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """Its own id, and that of its patch where that is another."""
        return tuple(dict.fromkeys((self.id, *((self.patch.id,) if self.patch else ()))))
