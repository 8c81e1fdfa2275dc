"""A published wheel over the network: only the members wanted, neighbours together, each verified."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from verl_doctor.errors import DataError
from verl_doctor.releases import record
from verl_doctor.releases.index import Index
from verl_doctor.releases.ranges import RangeFile

GAP = 128 * 2**10  # bytes between two members that are cheaper to fetch than another request


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWheel:
    """A wheel of which only the table of contents was fetched so far."""

    filename: str
    archive: zipfile.ZipFile
    file: RangeFile

    def read(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return members by name, each with the digest that RECORD gives it, and RECORD itself."""
        listing = record.name_in(self.archive.namelist())
        wanted = sorted({*names, listing}, key=lambda name: self.archive.getinfo(name).header_offset)
        self._prefetch(wanted)
        contents = {name: self.archive.read(name) for name in wanted}
        digests = record.parse(contents[listing].decode())
        for name, content in contents.items():
            _verify(name, content, listing, digests)
        return contents

    def _prefetch(self, wanted: Sequence[str]) -> None:
        """Fetch the bytes of members, given in the order they lie in, with few requests."""
        starts = sorted(member.header_offset for member in self.archive.infolist())
        ends = dict(pairwise([*starts, self.archive.start_dir]))
        runs: list[list[int]] = []
        for name in wanted:
            start = self.archive.getinfo(name).header_offset
            if runs and start - runs[-1][1] <= GAP:
                runs[-1][1] = ends[start]
            else:
                runs.append([start, ends[start]])
        for start, end in runs:
            self.file.prefetch(start, end)


@contextmanager
def open_wheel(index: Index, distribution: str, version: str) -> Iterator[OpenWheel]:
    """Yield a release's wheel, for as long as the index is connected."""
    wheel = index.wheel(distribution, version)
    with index.reached(f"{distribution} {version}"), RangeFile(index.session, wheel.url) as file:
        if file.is_whole and wheel.sha256 and hashlib.sha256(file.read()).hexdigest() != wheel.sha256:
            raise DataError(f"{wheel.filename} is not the file that the package index at {index.host} lists")
        try:
            with zipfile.ZipFile(file) as archive:
                yield OpenWheel(filename=wheel.filename, archive=archive, file=file)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise DataError(f"{wheel.filename} arrived damaged ({error}); nothing was changed") from error


def _verify(name: str, content: bytes, listing: str, digests: Mapping[str, str]) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(f"{name} would lie outside its folder: this wheel is not to be trusted")
    if name != listing and not record.is_listed(digests, name, content):
        raise DataError(f"{name} is not the file that the wheel's RECORD lists; nothing was changed")
