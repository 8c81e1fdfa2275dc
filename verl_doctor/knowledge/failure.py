"""A known failure: when it occurs, what it looks like, why, and what cures it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from verl_doctor.errors import DataError
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.conditions import versions
from verl_doctor.knowledge.cures import Cure, remedy
from verl_doctor.knowledge.cures import read as read_cure
from verl_doctor.knowledge.judgement import Condition, Holds, HoldsNot, Unknown, judge_any
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.strict_yaml import Part, Row, row
from verl_doctor.model import (
    Failed,
    Finding,
    Layer,
    Outcome,
    Passed,
    Severity,
    Skipped,
    Source,
    Unavailable,
)

if TYPE_CHECKING:
    from verl_doctor.knowledge.launched import Case

TEXTS: Final = frozenset({"title", "signature", "alone", "frames", "follows", "launch", "cause", "cure", "sources"})
ANY: Final = "any"
_FRAME: Final = re.compile(r'File "([^"\n]+)", line \d+, in ([^\n]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What is written about a failure: `title` is the condition in one line, `sources` are the matrix's.

    Where there are `frames`, a signature counts only in a traceback that has a frame whose file or function one of
    them matches; those that are in `alone` too count anywhere. A failure that `follows` others (their names, or ANY)
    is usually but a consequence of theirs.
    """

    title: str
    signature: tuple[re.Pattern[str], ...]
    alone: tuple[re.Pattern[str], ...]
    frames: tuple[re.Pattern[str], ...]
    follows: tuple[str, ...]
    cause: str
    cures: tuple[Cure, ...]
    sources: tuple[str, ...]

    def is_in(self, said: str, traceback: str | None = None) -> bool:
        """Say whether a signature is in what was said and counts there; `traceback` is where frames are looked for.

        Without it they are looked for in what was said.
        """
        found = [pattern for pattern in self.signature if pattern.search(said)]
        return any(pattern in self.alone for pattern in found) or (
            bool(found) and self.has_frame(said if traceback is None else traceback)
        )

    def has_frame(self, traceback: str) -> bool:
        """Say whether a traceback has a frame that the signatures ask for; where they ask for none it has."""
        places = [place for frame in _FRAME.finditer(traceback) for place in frame.groups()] if self.frames else []
        return not self.frames or any(pattern.search(place) for pattern in self.frames for place in places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A known failure. It occurs where its own `when` holds, or a row of breaks in the matrix that names it.

    `within` is for what facts alone cannot tell of (a setting of the job, a line of its log): where it does not
    hold, the failure cannot occur; where it does, nothing is said yet. `asks` says whether facts can tell of it at
    all, `prevents` which modules cannot be imported where it occurs; the texts are parsed when they are first needed.
    """

    id: str
    name: str
    severity: Severity
    layer: Layer
    when: tuple[Condition, ...]
    within: tuple[Condition, ...]
    asks: bool
    prevents: frozenset[str]
    written: Part

    @property
    def texts(self) -> Texts:
        """What is written about this failure."""
        return _texts(self.written)

    @property
    def launch(self) -> tuple[str | Case, ...]:
        """Settings of a launch that have to do with it, in words or to be judged."""
        return _launch(self.written)

    def ask(self, facts: Facts, matrix: Matrix) -> Outcome:
        """Judge whether this failure occurs on these facts."""
        unknown: Unknown | None = None
        for condition, sources in self.alternatives(matrix):
            match condition.judge(facts):
                case Holds() as judgement:
                    if self.is_patched(facts):
                        return Passed()
                    return Failed((self._finding(judgement, sources, facts, matrix),))
                case Unknown() as judgement:
                    unknown = unknown or judgement
                case HoldsNot():
                    pass
        return Skipped(unknown.reason) if unknown else Passed()

    def is_possible(self, facts: Facts) -> bool:
        """Say whether this failure can occur on these facts; what is unknown does not rule it out."""
        return not self.within or not isinstance(judge_any(self.within, facts), HoldsNot)

    def is_patched(self, facts: Facts) -> bool:
        """Say whether a patch that cures this failure has been applied, or came with the release."""
        if isinstance(facts.patches, Unavailable):
            return False
        found = (facts.patches.get(cure.patch) for cure in self.texts.cures if cure.patch)
        return any(state is not None and state.state in {"applied", "fixed-upstream"} for state in found)

    def alternatives(self, matrix: Matrix) -> list[tuple[Condition, tuple[str, ...]]]:
        """Return the conditions under which it occurs, each with the sources of its row in the matrix."""
        rows = [(versions(broken.when), broken.sources) for broken in matrix.breaks_of(self.name)]
        return [*rows, *((condition, ()) for condition in self.when)]

    def cited(self, matrix: Matrix, ids: tuple[str, ...] = ()) -> tuple[Source, ...]:
        """Return these sources of the matrix, and the failure's own."""
        return matrix.cite(tuple(dict.fromkeys((*ids, *self.texts.sources))))

    def _finding(self, holds: Holds, sources: tuple[str, ...], facts: Facts, matrix: Matrix) -> Finding:
        texts = self.texts
        found = ", ".join(dict.fromkeys(seen.what for seen in holds.seen))
        return Finding(
            message=f"{texts.title} ({found}).",
            remedy=remedy(texts.cures, self.name, facts, matrix),
            evidence=tuple(dict.fromkeys(seen.where for seen in holds.seen)),
            sources=self.cited(matrix, sources),
            about=frozenset(seen.about for seen in holds.seen if seen.about),
            prevents=self.prevents,
        )


@cache
def _texts(part: Part) -> Texts:
    fields = row(part.text, part.file, part.before).only(TEXTS)
    if not fields.texts("sources"):
        raise DataError(f"{fields.place}: the entry names no source.")
    alone = _patterns("alone", fields)
    return Texts(
        title=fields.text("title"),
        signature=(*alone, *_patterns("signature", fields)),
        alone=alone,
        frames=_patterns("frames", fields),
        follows=fields.texts("follows"),
        cause=fields.text("cause"),
        cures=tuple(read_cure(cure) for cure in fields.rows("cure")),
        sources=fields.texts("sources"),
    )


@cache
def _launch(part: Part) -> tuple[str | Case, ...]:
    from verl_doctor.knowledge.launched import read  # for lint and explain; check does without

    fields = row(part.text, part.file, part.before)
    return read(fields.get("launch", []), fields.place)


def _patterns(key: str, fields: Row) -> tuple[re.Pattern[str], ...]:
    return tuple(_pattern(text, key, fields) for text in fields.texts(key))


def _pattern(text: str, key: str, fields: Row) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise DataError(f"{fields.place}: {text!r} under {key!r} is no regular expression: {error}.") from error
