"""The words that every part of the doctor shares: what is asked, what is found, what cures it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final, Literal


class Severity(Enum):
    """How much a failed check matters, the worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst; for sorting and for `--fail-on`."""
        return tuple(Severity).index(self)

    @property
    def milder(self) -> Severity:
        """The next one; the mildest stays what it is."""
        return tuple(Severity)[min(self.rank + 1, len(Severity) - 1)]


class Layer(Enum):
    """What a check is about, the most fundamental first: a cause is sought in this order."""

    INTERPRETER = "interpreter"
    INSTALLATION = "installation"
    TORCH = "torch"
    ENGINE = "engine"
    TRAINER = "trainer"
    COMPANION = "companion"
    PATCH = "patch"
    DRIVER = "driver"
    GPU = "gpu"
    NODE = "node"

    @property
    def rank(self) -> int:
        """0 for the most fundamental."""
        return tuple(Layer).index(self)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A fact that could not be had, and why; never a guess in its place."""

    reason: str


NOT_ASKED: Final = Unavailable("not asked for")


class UnknownError(Exception):
    """What a check raises where a value it needs is not known: then it is skipped, for the reason given."""


SourceKind = Literal["metadata", "image", "documentation", "issue", "source", "measured", "inferred"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a statement comes from: the kind of evidence, where to find it, and the day it was seen (ISO).

    `date` is None for what stands in the examined environment itself.
    """

    kind: SourceKind
    reference: str
    date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to do: one sentence, the exact commands, the patch that does it, and the versions it leads to.

    `pins` maps a distribution's normalised name to the version it has after the cure. It is what lets the
    doctor work out which other findings the same cure removes.
    """

    text: str
    commands: tuple[str, ...] = ()
    patch: str | None = None
    pins: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: what was found, with values; what shows it; what cures it.

    `about` holds the normalised names of the distributions concerned, `prevents` the modules whose import would fail
    if it were so.
    """

    message: str
    remedy: Remedy
    evidence: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    about: frozenset[str] = frozenset()
    prevents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Passed:
    """The condition does not hold."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The condition holds; at least one finding says where."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """The condition could not be judged, because a fact is missing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Crashed:
    """The check itself broke; the others went on."""

    error: str


Outcome = Passed | Failed | Skipped | Crashed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a policy says of a check: how much a failure counts (None: it is ignored), why, and until which day."""

    severity: Severity | None
    reason: str | None = None
    expires: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one check.

    `primary` marks the one cause to cure first; `consequence_of` names the check whose cure also removes
    this failure; `allowed` says that the user chose to live with it, which demotes it to information; `outweighed` says
    what was seen to work although the files speak against it, which makes the failure one step milder; `ruling` is what
    the policy in force says of it.
    """

    id: str
    name: str
    severity: Severity
    layer: Layer
    outcome: Outcome
    primary: bool = False
    consequence_of: str | None = None
    allowed: bool = False
    outweighed: str | None = None
    ruling: Ruling | None = None


class Verdict(Enum):
    """The answer to "can this node run verl?"."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    BROKEN = "broken"
    UNKNOWN = "unknown"
