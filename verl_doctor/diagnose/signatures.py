"""The signatures of all known failures, and which of them a record bears."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from ahocorasick_rs import AhoCorasick

from verl_doctor import knowledge
from verl_doctor.diagnose.literals import literals
from verl_doctor.diagnose.record import Record
from verl_doctor.knowledge.failure import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One expression of a failure, and texts of which every match holds one."""

    failure: Failure
    pattern: re.Pattern[str]
    needs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Borne:
    """A failure whose signature a record bears, and where in what is said it stands.

    `is_framed` is False where the failure is told by the frames of its traceback, and the record has none.
    """

    failure: Failure
    start: int
    end: int
    is_framed: bool


class Signatures:
    """Signatures that are looked for together."""

    def __init__(self, failures: Iterable[Failure]) -> None:
        self._all = tuple(
            Signature(failure=failure, pattern=pattern, needs=literals(pattern.pattern))
            for failure in failures
            for pattern in failure.texts.signature
        )
        self.words = tuple(sorted({word for signature in self._all for word in signature.needs}))
        """Every line with a signature in it holds one of these."""
        self._of_word = [[each for each in self._all if word in each.needs] for word in self.words]
        self._search = AhoCorasick(self.words)

    def borne(self, record: Record) -> Iterator[Borne]:
        """Yield the failures whose signature stands in what a record says, each once."""
        said = record.said
        found = self._search.find_matches_as_indexes(said, overlapping=True)
        seen: set[str] = set()
        for signature in dict.fromkeys(each for word, _, _ in found for each in self._of_word[word]):
            failure = signature.failure
            if failure.name in seen or (match := signature.pattern.search(said)) is None:
                continue
            is_framed = _is_framed(failure, record)
            if is_framed or not record.frames:
                seen.add(failure.name)
                yield Borne(failure=failure, start=match.start(), end=match.end(), is_framed=is_framed)


@cache
def known() -> Signatures:
    """Return the signatures of the known failures."""
    return Signatures(knowledge.load())


def _is_framed(failure: Failure, record: Record) -> bool:
    wanted = failure.texts.frames
    return not wanted or any(
        pattern.search(frame.file) or pattern.search(frame.function) for frame in record.frames for pattern in wanted
    )
