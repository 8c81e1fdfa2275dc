"""The signatures of all that is known, and which of them a record bears."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from ahocorasick_rs import AhoCorasick

from verl_doctor.diagnose.known import Known, everything
from verl_doctor.diagnose.literals import literals
from verl_doctor.diagnose.record import Record


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signature:
    """One expression, and texts of which every match holds one."""

    known: Known
    pattern: re.Pattern[str]
    needs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Borne:
    """What a record bears the signature of, and where in what is said it stands.

    `is_framed` is False where the frames of its traceback would tell, and the record has none.
    """

    known: Known
    start: int
    is_framed: bool


class Signatures:
    """Signatures that are looked for together."""

    def __init__(self, known: Iterable[Known]) -> None:
        every = [
            Signature(known=each, pattern=pattern, needs=literals(pattern.pattern))
            for each in known
            for pattern in each.signatures
        ]
        self.words = tuple(sorted({word for signature in every for word in signature.needs}))
        """Every line with a signature in it holds one of these."""
        self._of_word = [[each for each in every if word in each.needs] for word in self.words]
        self._search = AhoCorasick(self.words)

    def borne(self, record: Record) -> Iterator[Borne]:
        """Yield what a record bears the signature of, each once."""
        said = record.said
        found = self._search.find_matches_as_indexes(said, overlapping=True)
        seen: set[str] = set()
        for signature in dict.fromkeys(each for word, _, _ in found for each in self._of_word[word]):
            known = signature.known
            if known.name in seen or (match := signature.pattern.search(said)) is None:
                continue
            is_framed = _is_framed(signature, record)
            if is_framed or not record.frames:
                seen.add(known.name)
                yield Borne(known=known, start=match.start(), is_framed=is_framed)


@cache
def of_everything() -> Signatures:
    """Return the signatures of all that is known."""
    return Signatures(everything())


def _is_framed(signature: Signature, record: Record) -> bool:
    known = signature.known
    return (
        not known.frames
        or signature.pattern in known.alone
        or any(
            pattern.search(frame.file) or pattern.search(frame.function)
            for frame in record.frames
            for pattern in known.frames
        )
    )
