"""What a log's story comes to: the one cause, what followed from it, what else was seen, and what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from verl_doctor.diagnose.known import Known
from verl_doctor.diagnose.occurrence import Occurrence
from verl_doctor.diagnose.story import Told
from verl_doctor.model import Remedy, Source

Confidence = Literal["high", "medium", "low"]
Role = Literal["cause", "consequence", "beside", "survived"]
"""The one cause; what only followed from it, or from an unknown one; what was seen beside it; what the job survived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A known failure that the log shows. `because` says what the confidence rests on."""

    known: Known
    seen: Occurrence
    confidence: Confidence
    because: str
    role: Role
    remedy: Remedy
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """An exception that no known failure explains. `own` is the frame in code that is in no installed package."""

    seen: Occurrence
    own: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The line that tells that somebody, or the schedule, ended the job."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The matches, the cause first; the suspects, in order; the versions told."""

    files: tuple[str, ...]
    matches: tuple[Match, ...]
    suspects: tuple[Suspect, ...]
    more_suspects: int
    """How many more there are than are told."""
    versions: Mapping[str, Told]
    advice: str | None
    """What `check` would look at, where no known failure is the cause."""
    ended: Ended | None = None
    """Where the job was ended on purpose, and no failure is the cause."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """The logs that could not be read, or not to their end, and why."""

    @property
    def primary(self) -> Match | None:
        """The one cause; None where no known failure is."""
        return next((match for match in self.matches if match.role == "cause"), None)

    @property
    def has_failed(self) -> bool:
        """Whether something went wrong that the job did not survive."""
        return self.primary is not None or bool(self.suspects)
