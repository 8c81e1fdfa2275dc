"""Weighs what a log tells: which known failure is the cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from verl_doctor.diagnose.advice import looked_at
from verl_doctor.diagnose.diagnosis import Confidence, Diagnosis, Match, Role, Suspect
from verl_doctor.diagnose.endings import is_ending
from verl_doctor.diagnose.known import NO_CONDITION, Known
from verl_doctor.diagnose.occurrence import Manner, Occurrence
from verl_doctor.diagnose.story import Story
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.failure import ANY
from verl_doctor.knowledge.judgement import Holds, HoldsNot, Judgement, Unknown
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Severity

_MOST_SUSPECTS: Final = 3
_RANKS: Final = {"high": 0, "medium": 1, "low": 2}
_VAGUE: Final = ("DistBackendError", "ProcessRaisedException", "CalledProcessError", "SystemExit")
"""Exceptions that only say that something else went wrong."""
_LIBRARIES: Final = ("site-packages/", "dist-packages/", "/lib/python3", "<frozen", "<string>")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    known: Known
    seen: Occurrence
    confidence: Confidence
    because: str
    fit: int
    """How well the facts agree: 0 where it occurs with them, 1 where it depends on none, 2 unknown, 3 not at all."""
    is_over: bool

    @property
    def place(self) -> tuple[str, int]:
        """The file and the line."""
        return self.seen.file, self.seen.line

    @property
    def counts(self) -> bool:
        """Whether it is more than mentioned or supposed, and the job did not survive it."""
        told = Manner.PRINTED if self.seen.is_framed else Manner.RAISED
        return not self.is_over and self.seen.manner >= told

    @property
    def is_grave(self) -> bool:
        """Whether it may have ended the job."""
        return self.known.severity is Severity.ERROR or self.seen.manner is Manner.RAISED

    def follows(self, others: Iterable[_Candidate]) -> bool:
        """Say whether it is usually but a consequence of one of the others."""
        return any(other.known.name in self.known.follows for other in others if other is not self)


def judge(story: Story, files: Sequence[str], facts: Facts, matrix: Matrix) -> Diagnosis:
    """Return the diagnosis; `facts` are what is known of the node, or only the versions that the log tells."""
    candidates = [_candidate(known, seen, story, facts, matrix) for known, seen in story.known.values()]
    strange = sorted((seen for seen in story.strange.values() if _is_telling(seen, story)), key=lambda seen: seen.line)
    cause = _cause([each for each in candidates if each.counts], strange, is_ended=story.is_ended)
    matches = [
        Match(
            known=each.known,
            seen=each.seen,
            confidence=each.confidence,
            because=each.because,
            role=_role(each, cause, strange),
            remedy=each.known.cure(facts, matrix),
            sources=matrix.cite(each.known.sources),
        )
        for each in candidates
    ]
    is_known = cause is not None
    suspects = () if is_known else tuple(Suspect(seen=seen, own=_own(seen)) for seen in strange[:_MOST_SUSPECTS])
    return Diagnosis(
        files=tuple(files),
        matches=tuple(sorted(matches, key=_most_telling_first)),
        suspects=suspects,
        versions=story.versions,
        advice=looked_at(suspects),
    )


def _candidate(known: Known, seen: Occurrence, story: Story, facts: Facts, matrix: Matrix) -> _Candidate:
    judged = known.judge(facts, matrix)
    confidence, because = _confidence(seen, judged)
    if ANY in known.follows and confidence != "low":
        confidence, because = "medium", f"{because}, and it usually comes of something else"
    fit = {Holds: 0, Unknown: 1 if judged == NO_CONDITION else 2, HoldsNot: 3}[type(judged)]
    is_over = story.is_over(seen)
    return _Candidate(known=known, seen=seen, confidence=confidence, because=because, fit=fit, is_over=is_over)


def _is_telling(seen: Occurrence, story: Story) -> bool:
    """Say whether an exception that nobody knows may be the cause: not if the job survived it, or it tells nothing."""
    kind = (seen.record.kind or "").rpartition(".")[2]
    return not (story.is_over(seen) or kind in _VAGUE or is_ending(seen.record))


def _confidence(seen: Occurrence, judged: Judgement) -> tuple[Confidence, str]:
    said = {
        Manner.RAISED: "an error says so",
        Manner.WARNED: "a warning says so",
        Manner.PRINTED: "a line says so",
        Manner.QUOTED: "a line mentions it",
    }[seen.manner]
    if not seen.is_framed:
        return "low", f"{said}, without the traceback that would tell where"
    match judged:
        case HoldsNot():
            return "low", f"{said}, but the versions speak against it"
        case Holds(found):
            known = ", ".join(dict.fromkeys(each.what for each in found))
            sure: Confidence = "high" if seen.manner > Manner.QUOTED else "medium"
            return sure, f"{said}, and it occurs with {known}"
        case Unknown():
            if seen.manner is Manner.QUOTED:
                return "low", said
            return "high" if seen.manner is Manner.RAISED else "medium", said


def _cause(possible: Sequence[_Candidate], strange: Sequence[Occurrence], *, is_ended: bool) -> _Candidate | None:
    """Return the known failure to name as the cause; None where there is none, or something unknown is more likely."""
    precise = {each.place for each in possible if not each.known.is_general}
    roots = [
        each
        for each in possible
        if not (
            ANY in each.known.follows or each.follows(possible) or (each.known.is_general and each.place in precise)
        )
    ]
    first = min(roots, key=_most_likely_first, default=None)
    if first is not None and (first.is_grave or any(each.is_grave and each.follows([first]) for each in possible)):
        return first
    if strange:
        return None
    return first or (None if is_ended else min(possible, key=_most_likely_first, default=None))


def _most_likely_first(each: _Candidate) -> tuple[bool, int, bool, int, int, int]:
    is_handled = each.seen.record.is_handled
    return not each.is_grave, _RANKS[each.confidence], is_handled, each.known.severity.rank, each.seen.line, each.fit


def _role(each: _Candidate, cause: _Candidate | None, strange: Sequence[Occurrence]) -> Role:
    if each is cause:
        return "cause"
    if each.is_over:
        return "survived"
    is_after = ANY in each.known.follows and (cause is not None or bool(strange))
    return "consequence" if is_after or (cause is not None and each.follows([cause])) else "beside"


def _most_telling_first(match: Match) -> tuple[int, int, int]:
    roles: tuple[Role, ...] = ("cause", "consequence", "beside", "survived")
    return roles.index(match.role), _RANKS[match.confidence], match.seen.line


def _own(seen: Occurrence) -> str | None:
    """Return the last frame in code that is in no installed package."""
    own = [frame for frame in seen.record.frames if not any(mark in frame.file for mark in _LIBRARIES)]
    return f"{own[-1].file}, line {own[-1].line}, in {own[-1].function}" if own else None
