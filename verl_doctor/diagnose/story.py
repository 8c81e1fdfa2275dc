"""What a log has told so far, in bounded memory however long it is."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from verl_doctor.diagnose import progress, versions
from verl_doctor.diagnose.endings import is_ending
from verl_doctor.diagnose.known import Known
from verl_doctor.diagnose.line import Line
from verl_doctor.diagnose.occurrence import Occurrence, manner
from verl_doctor.diagnose.record import Record
from verl_doctor.diagnose.signatures import Borne, Signatures

SURVIVED: Final = 2
"""So many steps after something was seen, the job has survived it: one may still be under way in another process."""
_MOST_STRANGE: Final = 256
_MOST_FOLDERS: Final = 16
_LATELY: Final = 1024
"""How many steps are remembered one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A version that a log tells, and where."""

    version: str
    file: str
    line: int


@dataclass(slots=True, kw_only=True)
class _Course:
    """How far the job of one file has got: steps and starts; and the steps at which it last told of something.

    An exception is heard of when its message is over; `moment` says how far the job had got at its line.
    """

    steps: int = 0
    launch: int = 0
    sign: str | None = None
    told_at: int = -SURVIVED
    ended_at: int = -SURVIVED
    _stepped: deque[int] = field(default_factory=lambda: deque(maxlen=_LATELY))
    _launched: deque[int] = field(default_factory=lambda: deque(maxlen=_LATELY))

    def hear(self, line: Line) -> None:
        sign = progress.sign(line.text)
        if sign is not None and sign != self.sign:
            self.steps += 1
            self.sign = sign
            self._stepped.append(line.number)
        if progress.is_start(line.text):
            self.launch += 1
            self._launched.append(line.number)

    def moment(self, line: int) -> tuple[int, int]:
        steps = self.steps - sum(number > line for number in self._stepped)
        return steps, self.launch - sum(number > line for number in self._launched)


@dataclass(slots=True, kw_only=True)
class Story:
    """The known failures and the strange exceptions that were seen, by name and by what they say, and the versions."""

    signatures: Signatures
    known: dict[str, tuple[Known, Occurrence]] = field(default_factory=dict)
    strange: dict[tuple[str, str], Occurrence] = field(default_factory=dict)
    versions: dict[str, Told] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    """The folders of installed packages that tracebacks lead through."""
    _courses: dict[str, _Course] = field(default_factory=dict)
    _file: str = ""

    def open(self, file: str) -> None:
        """Go on with another file."""
        self._file = file
        self._courses.setdefault(file, _Course())

    def hear(self, line: Line) -> None:
        """Note what a line tells of versions and of progress."""
        for name, version in versions.told(line):
            self.versions[name] = Told(version=version, file=self._file, line=line.number)
        self._courses[self._file].hear(line)

    def add(self, record: Record) -> None:
        """Note what a record tells of failures, and of where the packages lie."""
        course = self._courses[self._file]
        if is_ending(record):
            course.ended_at = course.moment(record.line)[0]
        borne = tuple(self.signatures.borne(record))
        for each in borne:
            seen = self._occurrence(record, each)
            _, before = self.known.get(each.known.name, (None, None))
            self.known[each.known.name] = each.known, self._kept(before, seen)
        if record.kind and not borne and not record.is_wrapper:
            self._add_strange(record)
        for frame in record.frames:
            folder, packages, _ = frame.file.partition("site-packages/")
            if packages and len(self.folders) < _MOST_FOLDERS:
                self.folders.add(folder + packages[:-1])

    @property
    def is_begun(self) -> bool:
        """Whether a log was opened."""
        return bool(self._file)

    @property
    def is_ended(self) -> bool:
        """Whether the job was ended on purpose."""
        return any(course.steps - course.ended_at < SURVIVED for course in self._courses.values())

    @property
    def is_open(self) -> bool:
        """Whether it matters how the job goes on: something was seen that it has not survived yet."""
        course = self._courses[self._file]
        return course.steps - course.told_at < SURVIVED

    def is_over(self, seen: Occurrence) -> bool:
        """Say whether the job went on after it, or was started again."""
        course = self._courses[seen.file]
        is_started_again = seen.record.kind is not None and course.launch > seen.launch
        return is_started_again or course.steps - seen.steps >= SURVIVED

    def _add_strange(self, record: Record) -> None:
        key = record.kind or "", record.text.partition("\n")[0][:160]
        if key in self.strange or len(self.strange) < _MOST_STRANGE:
            self.strange[key] = self._kept(self.strange.get(key), self._occurrence(record, None))

    def _occurrence(self, record: Record, borne: Borne | None) -> Occurrence:
        course = self._courses[self._file]
        start = borne.start if borne else 0
        steps, launch = course.moment(record.line)
        course.told_at = max(course.told_at, steps)
        return Occurrence(
            file=self._file,
            line=record.line + record.said.count("\n", 0, start),
            record=record,
            manner=manner(record, start),
            steps=steps,
            launch=launch,
            is_framed=borne is None or borne.is_framed,
            times=record.times,
            writers={record.who},
        )

    def _kept(self, before: Occurrence | None, seen: Occurrence) -> Occurrence:
        """Return the occurrence to tell of: the first, unless that was survived, or told less."""
        if before is None or self.is_over(before):
            return seen
        kept = seen if (seen.is_framed, seen.manner) > (before.is_framed, before.manner) else before
        kept.count(before, seen)
        return kept
