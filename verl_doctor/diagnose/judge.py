"""Weighs what logs tell: which known failure is the cause."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from verl_doctor.diagnose.advice import looked_at
from verl_doctor.diagnose.diagnosis import Confidence, Diagnosis, Ended, Match, Role, Suspect
from verl_doctor.diagnose.endings import is_ending
from verl_doctor.diagnose.known import NO_CONDITION, Known
from verl_doctor.diagnose.occurrence import Manner, Occurrence
from verl_doctor.diagnose.own_code import own_code
from verl_doctor.diagnose.story import Chapter, Story, Told
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.failure import ANY
from verl_doctor.knowledge.judgement import Holds, HoldsNot, Judgement, Unknown
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Severity

_MOST_SUSPECTS: Final = 3
_RANKS: Final = {"high": 0, "medium": 1, "low": 2}
_LOWER: Final[dict[Confidence, Confidence]] = {"high": "medium", "medium": "low", "low": "low"}
_VAGUE: Final = ("DistBackendError", "ProcessRaisedException", "CalledProcessError", "SystemExit")
"""Exceptions that only say that something else went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    known: Known
    seen: Occurrence
    file: int
    """Which of the logs it is in."""
    confidence: Confidence
    because: str
    fit: int
    """How well the facts agree: 0 where it occurs with them, 1 where it depends on none, 2 unknown, 3 not at all."""
    is_over: bool

    @property
    def place(self) -> tuple[int, int]:
        """The log and the line."""
        return self.file, self.seen.line

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


def judge(story: Story, files: Sequence[str], facts_of: Callable[[str], Facts], matrix: Matrix) -> Diagnosis:
    """Return the diagnosis; `facts_of` says what is known of where a log was written, or only what it tells."""
    candidates = list(_of_each_name(_candidates(story, files, facts_of, matrix)))
    strange, vague = _strange(story, files)
    possible = [each for each in candidates if each.counts]
    cause = _cause(possible, strange, is_ended=any(chapter.course.is_ended for chapter in story.chapters.values()))
    if cause is not None:
        doubted = _doubted(cause, possible, strange)
        candidates = [doubted if each is cause else each for each in candidates]
        cause = doubted
    matches = [_match(each, _role(each, cause, strange), facts_of(each.seen.file), matrix) for each in candidates]
    ended = strange or ([] if cause else vague)
    suspects = tuple(Suspect(seen=seen, own=own_code(seen.record.frames)) for seen in ended)
    return Diagnosis(
        files=tuple(files),
        matches=tuple(sorted(matches, key=_most_telling_first)),
        suspects=suspects[:_MOST_SUSPECTS],
        more_suspects=max(0, len(suspects) - _MOST_SUSPECTS),
        versions=_versions(story, cause),
        advice=looked_at(suspects) if cause is None else None,
        ended=None if cause or suspects else _ended(story, files),
    )


def _ended(story: Story, files: Sequence[str]) -> Ended | None:
    for file in files:
        course = story.chapters.get(file, Chapter()).course
        if course.is_ended and course.ended_by:
            line, text = course.ended_by
            return Ended(file=file, line=line, text=text)
    return None


def _match(each: _Candidate, role: Role, facts: Facts, matrix: Matrix) -> Match:
    return Match(
        known=each.known,
        seen=each.seen,
        confidence=each.confidence,
        because=each.because,
        role=role,
        remedy=each.known.cure(facts, matrix),
        sources=matrix.cite(each.known.sources),
    )


def _candidates(
    story: Story, files: Sequence[str], facts_of: Callable[[str], Facts], matrix: Matrix
) -> Iterator[_Candidate]:
    for number, file in enumerate(files):
        chapter = story.chapters.get(file, Chapter())
        for known, seen in chapter.known.values():
            judged = known.judge(facts_of(file), matrix)
            confidence, because = _confidence(seen, judged)
            if ANY in known.follows and confidence != "low":
                confidence, because = "medium", f"{because}, and it usually comes of something else"
            yield _Candidate(
                known=known,
                seen=seen,
                file=number,
                confidence=confidence,
                because=because,
                fit={Holds: 0, Unknown: 1 if judged == NO_CONDITION else 2, HoldsNot: 3}[type(judged)],
                is_over=chapter.is_over(seen),
            )


def _of_each_name(candidates: Iterable[_Candidate]) -> Iterator[_Candidate]:
    """Yield of each failure the one to tell of, where several logs have it, with how often it is there in all."""
    groups: dict[tuple[str, bool], list[_Candidate]] = {}
    for each in candidates:
        groups.setdefault((each.known.name, each.is_over), []).append(each)
    for (name, is_over), group in groups.items():
        if is_over and (name, False) in groups:
            continue
        first = min(group, key=lambda each: (not each.seen.is_framed, -each.seen.manner, each.place))
        for other in group:
            if other is not first:
                first.seen.count(replace(first.seen), other.seen)
        yield first


def _strange(story: Story, files: Sequence[str]) -> tuple[list[Occurrence], list[Occurrence]]:
    """Return the exceptions that nobody knows and that the job did not survive, those that are vague apart."""
    telling: list[Occurrence] = []
    vague: list[Occurrence] = []
    for file in files:
        chapter = story.chapters.get(file, Chapter())
        for seen in sorted(chapter.strange.values(), key=lambda seen: seen.line):
            if _ended_the_job(seen, chapter):
                kind = (seen.record.kind or "").rpartition(".")[2]
                (vague if kind in _VAGUE else telling).append(seen)
    return telling, vague


def _ended_the_job(seen: Occurrence, chapter: Chapter) -> bool:
    """Say whether an exception may have: not one after the work was done, nor one without a traceback among steps."""
    course = chapter.course
    is_bare = not seen.record.frames and seen.record.level != "error" and course.has_steps
    return not (chapter.is_over(seen) or course.is_done or is_bare or is_ending(seen.record))


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
    first = min(_roots(possible), key=_most_likely_first, default=None)
    if first is not None and (first.is_grave or any(each.is_grave and each.follows([first]) for each in possible)):
        return first
    if strange:
        return None
    return first or (None if is_ended else min(possible, key=_most_likely_first, default=None))


def _roots(possible: Sequence[_Candidate]) -> list[_Candidate]:
    """Return what follows from nothing else, without the general ones where one that is precise has the same line."""
    precise = {each.place for each in possible if not each.known.is_general}
    return [
        each
        for each in possible
        if not (
            ANY in each.known.follows or each.follows(possible) or (each.known.is_general and each.place in precise)
        )
    ]


def _doubted(cause: _Candidate, possible: Sequence[_Candidate], strange: Sequence[Occurrence]) -> _Candidate:
    """Return the cause, less sure where another failure shows in the same way, or where an unknown one came before."""
    alike = [
        each for each in _roots(possible) if each.place == cause.place and each is not cause and each.fit == cause.fit
    ]
    doubts = [f"{each.known.name} shows in the same way" for each in alike]
    if any(seen.file == cause.seen.file and seen.line < cause.seen.line for seen in strange):
        doubts.append("an exception that is not known stands before it")
    if not doubts:
        return cause
    return replace(cause, confidence=_LOWER[cause.confidence], because=f"{cause.because}, but {' and '.join(doubts)}")


def _most_likely_first(each: _Candidate) -> tuple[bool, int, int, bool, int, tuple[int, int], int]:
    seen = each.seen
    rank = _RANKS[each.confidence]
    severity = each.known.severity.rank
    return not each.is_grave, -seen.launch, rank, seen.record.is_handled, severity, each.place, each.fit


def _role(each: _Candidate, cause: _Candidate | None, strange: Sequence[Occurrence]) -> Role:
    if each is cause:
        return "cause"
    if each.is_over:
        return "survived"
    is_after = ANY in each.known.follows and (cause is not None or bool(strange))
    return "consequence" if is_after or (cause is not None and each.follows([cause])) else "beside"


def _most_telling_first(match: Match) -> tuple[int, int, str, int]:
    roles: tuple[Role, ...] = ("cause", "consequence", "beside", "survived")
    return roles.index(match.role), _RANKS[match.confidence], match.seen.file, match.seen.line


def _versions(story: Story, cause: _Candidate | None) -> Mapping[str, Told]:
    """Return the versions that the cause's log tells, or where there is none what all of them tell."""
    chapters = story.chapters
    if cause is not None:
        return chapters[cause.seen.file].versions
    return {name: told for chapter in chapters.values() for name, told in chapter.versions.items()}
