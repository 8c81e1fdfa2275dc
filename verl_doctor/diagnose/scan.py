"""Finds the lines of a log that may matter, and passes over the rest at the speed of a search for words."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ahocorasick_rs import BytesAhoCorasick, Implementation

from verl_doctor.diagnose import line as lines
from verl_doctor.diagnose.blocks import Block
from verl_doctor.diagnose.line import Line


class Scan:
    """Yields the lines that hold one of some words, and every line while somebody is attentive."""

    def __init__(self, words: Collection[str], of_progress: Collection[str]) -> None:
        ordered = sorted({*words, *of_progress})
        self._words = BytesAhoCorasick([word.encode() for word in ordered], implementation=Implementation.DFA)
        self._only_of_progress = {index for index, word in enumerate(ordered) if word not in words}
        self.is_attentive = False
        """Set by whoever reads the lines: whether the next ones are wanted whatever they hold."""
        self.is_waiting = False
        """Likewise: whether lines are wanted that tell of progress and of nothing else."""

    def lines(self, block: Block) -> Iterator[Line]:
        """Yield the lines of a block, in order."""
        data = block.data
        found = self._words.find_matches_as_indexes(data)
        number, counted, at, next_ = block.first, 0, 0, 0
        ends = _Ends(data)
        while at < len(data):
            if not self.is_attentive:
                while next_ < len(found) and (found[next_][1] < at or self._is_unwanted(found[next_][0])):
                    next_ += 1
                if next_ == len(found):
                    return
                at = _start(data, found[next_][1], at)
            end = ends.after(at)
            number += data.count(b"\n", counted, at)
            counted = at
            yield from lines.read(number, data[at:end])
            at = end + 1

    def _is_unwanted(self, word: int) -> bool:
        return not self.is_waiting and word in self._only_of_progress


def _start(data: bytes, within: int, after: int) -> int:
    """Return where the line begins of which `within` is a place."""
    return max(data.rfind(b"\n", after, within), data.rfind(b"\r", after, within), after - 1) + 1


class _Ends:
    """Where lines end: at a newline, or at a carriage return that none follows. Asked for from left to right."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._newline = self._bar = -1

    def after(self, start: int) -> int:
        """Return where the line ends that begins at `start`."""
        if self._newline < start:
            self._newline = self._next(b"\n", start)
        if self._bar < start:
            self._bar = self._next(b"\r", start)
        return self._newline if self._bar + 1 == self._newline else min(self._newline, self._bar)

    def _next(self, byte: bytes, start: int) -> int:
        found = self._data.find(byte, start)
        return len(self._data) if found < 0 else found
