"""How much following a file may take: a few lines can ask for work without end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from verl_doctor.lint.traced import Traced

_STEPS: Final = 100_000
"""How many statements are followed, those of functions each time that they are called."""
_CHARACTERS: Final = 4 * 1024 * 1024
"""How much text variables and words may come to, all together."""
WORD: Final = 16
"""What a word counts, beside its characters."""


class SpentError(Exception):
    """A file asks for more work than it gets: where, and of what."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line: Final = line
        self.reason: Final = reason


class Budget:
    """What following one file may still take, and how far it has come."""

    __slots__ = ("_characters", "_place", "_steps")

    def __init__(self) -> None:
        self._steps = _STEPS
        self._characters = _CHARACTERS
        self._place: tuple[Traced, int] | None = None

    def step(self, text: Traced, start: int) -> None:
        """Follow one more statement, which begins here. Raises SpentError."""
        self._steps -= 1
        self._place = text, start
        if self._steps < 0:
            raise SpentError(self._line(), f"more than {_STEPS:,} statements would have to be followed up to here")

    def expand(self, characters: int) -> None:
        """Make so much more text. Raises SpentError."""
        self._characters -= characters
        if self._characters < 0:
            raise SpentError(self._line(), "the variables grow to more than 4 MiB of text up to here")

    def _line(self) -> int:
        text, start = self._place or (None, 0)
        return 1 if text is None else text.cut(start, len(text.text)).line()
