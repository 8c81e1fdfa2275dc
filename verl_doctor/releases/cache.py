"""Fetched releases on disk: complete or not there, verified each time they are used."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name
from packaging.version import Version

from verl_doctor.releases import record


def folder(environ: Mapping[str, str]) -> Path:
    """Return where fetched files are kept: VERL_DOCTOR_CACHE, else the user's cache folder."""
    if chosen := environ.get("VERL_DOCTOR_CACHE"):
        return Path(chosen).expanduser()
    if base := environ.get("XDG_CACHE_HOME"):
        return Path(base) / "verl-doctor"
    return Path("~/.cache/verl-doctor").expanduser()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The place of one selection of files from one release.

    An entry's path is `<distribution>/<version>/<wheel>/<selection>-<digest of RECORD>`. RECORD has the
    digest of every other file and the path has RECORD's, so nothing in an entry can change unnoticed.
    """

    cache: Path
    distribution: str
    version: str
    paths: tuple[str, ...] | None

    @property
    def _release(self) -> Path:
        return self.cache / canonicalize_name(self.distribution) / str(Version(self.version))

    @property
    def _selection(self) -> str:
        if self.paths is None:
            return "python"
        return "some-" + hashlib.sha256("\0".join(sorted(self.paths)).encode()).hexdigest()[:16]

    def selects(self, name: str) -> bool:
        """Say whether a member of the wheel belongs to this selection; metadata always does."""
        if PurePosixPath(name).parts[0].endswith(".dist-info"):
            return not name.endswith("/")
        return name.endswith(".py") if self.paths is None else name in self.paths

    def find(self) -> Path | None:
        """Return a complete and sound entry, or None."""
        for entry in sorted(self._release.glob(f"*.whl/{self._selection}-*")):
            if self._is_sound(entry):
                return entry
        return None

    def store(self, wheel: str, contents: Mapping[str, bytes]) -> Path:
        """Put an entry on the shelf and return its path; others who do so at the same time get the same."""
        listing = contents[record.name_in(contents)]
        entry = self._release / wheel / f"{self._selection}-{hashlib.sha256(listing).hexdigest()[:16]}"
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".partial-") as scratch:
            fresh = Path(scratch) / "new"
            for name, content in contents.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                path.chmod(0o444)
            with _locked(entry.parent):
                if not self._is_sound(entry):
                    if entry.exists():
                        entry.rename(Path(scratch) / "damaged")
                    fresh.rename(entry)
        return entry

    def _is_sound(self, entry: Path) -> bool:
        try:
            listing = next(entry.glob("*.dist-info/RECORD")).read_bytes()
            if not entry.name.endswith(hashlib.sha256(listing).hexdigest()[:16]):
                return False
            digests = record.parse(listing.decode())
            names = {name for name in digests if self.selects(name)} - {record.name_in(digests)}
            return all(record.is_listed(digests, name, (entry / name).read_bytes()) for name in names)
        except (StopIteration, OSError):
            return False


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    with (place / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def copy(release: Path, to: Path) -> None:
    """Copy a release into a folder such as site-packages, for its new owner to change."""
    shutil.copytree(release, to, copy_function=shutil.copyfile, dirs_exist_ok=True)
