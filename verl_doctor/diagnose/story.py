"""What logs have told so far, in bounded memory however long they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from verl_doctor.diagnose import versions
from verl_doctor.diagnose.course import Course
from verl_doctor.diagnose.endings import is_ending
from verl_doctor.diagnose.known import Known
from verl_doctor.diagnose.line import Line
from verl_doctor.diagnose.occurrence import Manner, Occurrence, manner
from verl_doctor.diagnose.record import Record
from verl_doctor.diagnose.signatures import Borne, Signatures

_MOST_STRANGE: Final = 256
_MOST_FOLDERS: Final = 16
_PACKAGES: Final = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A version that a log tells, and where."""

    version: str
    file: str
    line: int


@dataclass(slots=True, kw_only=True)
class Chapter:
    """What one log tells: failures by name, strange exceptions by what they say, versions, and how the job went."""

    known: dict[str, tuple[Known, Occurrence]] = field(default_factory=dict)
    strange: dict[tuple[str, str], Occurrence] = field(default_factory=dict)
    versions: dict[str, Told] = field(default_factory=dict)
    course: Course = field(default_factory=Course)

    def is_over(self, seen: Occurrence) -> bool:
        """Say whether the job went on after it."""
        return self.course.is_past(seen.moment)

    def make_room(self) -> None:
        """Forget strange exceptions, those that were survived first, where there are too many."""
        if len(self.strange) >= _MOST_STRANGE:
            self.strange = {key: seen for key, seen in self.strange.items() if not self.is_over(seen)}
        if len(self.strange) >= _MOST_STRANGE:
            del self.strange[next(iter(self.strange))]


@dataclass(slots=True, kw_only=True)
class Story:
    """What all logs tell, a chapter each."""

    signatures: Signatures
    chapters: dict[str, Chapter] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    """The folders of installed packages that tracebacks lead through."""
    _file: str = ""

    @property
    def chapter(self) -> Chapter:
        """The log that is being read."""
        return self.chapters[self._file]

    def open(self, file: str) -> None:
        """Go on with another log."""
        self._file = file
        self.chapters.setdefault(file, Chapter())

    def hear(self, line: Line) -> None:
        """Note what a line tells of versions and of progress."""
        for name, version in versions.told(line):
            self.chapter.versions[name] = Told(version=version, file=self._file, line=line.number)
        self.chapter.course.hear(line)

    def add(self, record: Record) -> None:
        """Note what a record tells of failures, and of where the packages lie."""
        chapter = self.chapter
        if is_ending(record):
            chapter.course.ended_at = chapter.course.moment(record.line)
            chapter.course.ended_by = record.line, record.said.splitlines()[0]
        is_explained = False
        for borne in self.signatures.borne(record):
            seen = self._occurrence(record, borne)
            _, before = chapter.known.get(borne.known.name, (None, None))
            chapter.known[borne.known.name] = borne.known, self._kept(before, seen)
            is_explained = is_explained or seen.manner is Manner.RAISED
        if record.kind and not is_explained and not record.is_wrapper:
            chapter.make_room()
            key = record.kind, record.text[:160]
            chapter.strange[key] = self._kept(chapter.strange.get(key), self._occurrence(record, None))
        for frame in record.frames:
            self._note_folder(frame.file)

    def _note_folder(self, file: str) -> None:
        for name in _PACKAGES:
            folder, packages, _ = file.partition(f"/{name}/")
            if packages and len(self.folders) < _MOST_FOLDERS:
                self.folders.add(f"{folder}/{name}")

    def _occurrence(self, record: Record, borne: Borne | None) -> Occurrence:
        course = self.chapter.course
        start = borne.start if borne else 0
        line, _ = record.at(start)
        course.told_at = course.moment(line)
        return Occurrence(
            file=self._file,
            line=line,
            record=record,
            manner=manner(record, start),
            moment=course.told_at,
            launch=course.starts(line),
            is_framed=borne is None or borne.is_framed,
            times=record.times,
            writers={record.who},
        )

    def _kept(self, before: Occurrence | None, seen: Occurrence) -> Occurrence:
        """Return the occurrence to tell of: the first, unless that was survived, or told less."""
        if before is None or self.chapter.is_over(before):
            return seen
        kept = seen if (seen.is_framed, seen.manner) > (before.is_framed, before.manner) else before
        kept.count(before, seen)
        return kept
