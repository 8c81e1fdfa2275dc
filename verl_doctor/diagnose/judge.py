"""Weighs what a log tells: which known failure is the cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from verl_doctor.diagnose.advice import cure_of, looked_at
from verl_doctor.diagnose.diagnosis import Confidence, Diagnosis, Match, Role, Suspect
from verl_doctor.diagnose.occurrence import Manner, Occurrence
from verl_doctor.diagnose.story import Story
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.failure import Failure
from verl_doctor.knowledge.judgement import Holds, HoldsNot, Judgement, Unknown, judge_any
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Severity

_MOST_SUSPECTS: Final = 3
_RANKS: Final = {"high": 0, "medium": 1, "low": 2}
_LIBRARIES: Final = ("site-packages/", "dist-packages/", "/lib/python3", "<frozen", "<string>")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    failure: Failure
    seen: Occurrence
    confidence: Confidence
    because: str
    is_over: bool

    @property
    def is_consequence(self) -> bool:
        """Whether its lines are usually only a consequence of something else."""
        return bool(self.failure.texts.follows)

    @property
    def is_grave(self) -> bool:
        """Whether it may have ended the job."""
        return not self.is_over and (self.failure.severity is Severity.ERROR or self.seen.manner is Manner.RAISED)


def judge(story: Story, files: Sequence[str], facts: Facts, matrix: Matrix) -> Diagnosis:
    """Return the diagnosis; `facts` are what is known of the node, or only the versions that the log tells."""
    candidates = [_candidate(failure, seen, story, facts, matrix) for failure, seen in story.known.values()]
    strange = sorted((seen for seen in story.strange.values() if not story.is_over(seen)), key=lambda seen: seen.line)
    cause = _cause(candidates, strange)
    matches = [
        Match(
            failure=each.failure,
            seen=each.seen,
            confidence=each.confidence,
            because=each.because,
            role=_role(each, cause, strange),
            remedy=cure_of(each.failure, facts, matrix),
            sources=matrix.cite(each.failure.texts.sources),
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


def _candidate(failure: Failure, seen: Occurrence, story: Story, facts: Facts, matrix: Matrix) -> _Candidate:
    confidence, because = _confidence(seen, _judged(failure, facts, matrix))
    return _Candidate(failure=failure, seen=seen, confidence=confidence, because=because, is_over=story.is_over(seen))


def _judged(failure: Failure, facts: Facts, matrix: Matrix) -> Judgement:
    """Judge whether the failure can occur on these facts."""
    if failure.within and not isinstance(within := judge_any(failure.within, facts), Holds):
        return within
    alternatives = [condition for condition, _ in failure.alternatives(matrix)]
    if not alternatives:
        return judge_any(failure.within, facts) if failure.within else Unknown("it depends on no version")
    return judge_any(alternatives, facts)


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


def _cause(candidates: Iterable[_Candidate], strange: Sequence[Occurrence]) -> _Candidate | None:
    """Return the known failure to name as the cause; None where there is none, or something unknown came first."""
    possible = [each for each in candidates if not each.is_over and each.seen.manner > Manner.QUOTED]
    first = min((each for each in possible if not each.is_consequence), key=_most_likely_first, default=None)
    if first is not None and (first.is_grave or not strange):
        return first
    if strange:
        return None
    return first or min(possible, key=_most_likely_first, default=None)


def _most_likely_first(each: _Candidate) -> tuple[bool, int, int, int]:
    return not each.is_grave, _RANKS[each.confidence], each.failure.severity.rank, each.seen.line


def _role(each: _Candidate, cause: _Candidate | None, strange: Sequence[Occurrence]) -> Role:
    if each is cause:
        return "cause"
    if each.is_over:
        return "survived"
    follows = each.failure.texts.follows
    if not follows or not (cause or strange):
        return "beside"
    is_of_cause = cause is None or "any" in follows or cause.failure.name in follows
    return "consequence" if is_of_cause else "beside"


def _most_telling_first(match: Match) -> tuple[int, int, int]:
    roles: tuple[Role, ...] = ("cause", "consequence", "beside", "survived")
    return roles.index(match.role), _RANKS[match.confidence], match.seen.line


def _own(seen: Occurrence) -> str | None:
    """Return the last frame in code that is in no installed package."""
    own = [frame for frame in seen.record.frames if not any(mark in frame.file for mark in _LIBRARIES)]
    return f"{own[-1].file}, line {own[-1].line}, in {own[-1].function}" if own else None
