"""A file on a web server, read in pieces."""

from __future__ import annotations

import io
import re

import requests

from verl_doctor.releases.index import TIMEOUT

BLOCK = 64 * 2**10
TAIL = 256 * 2**10  # holds the table of contents of most wheels, and often their dist-info
WHOLE = 32 * 2**20  # what is downloaded at once from a server that cannot send pieces


class NoRanges(requests.RequestException):
    """The server cannot send a part of a file, and the whole is too large to fetch for a few small files."""


class RangeFile(io.RawIOBase):
    """A seekable, readable file over HTTP range requests; what was fetched is kept, and asked for once.

    Made for `zipfile.ZipFile`: the end of the file, where an archive has its table of contents, is fetched
    first, and `prefetch` gets a run of neighbouring members with one request instead of two for each.
    """

    def __init__(self, session: requests.Session, url: str) -> None:
        super().__init__()
        self._session = session
        self._url = url
        self._position = 0
        self._pieces: dict[int, bytes] = {}
        self.is_whole = False
        self.size = self._open()
        self.prefetch(max(0, self.size - TAIL), self.size)

    def _open(self) -> int:
        # Not "the last n bytes" right away: some servers of files know ranges from the start only.
        with self._get(0, 1) as response:
            if response.status_code == requests.codes.partial_content:
                self._url = response.url
                return _total(response)
            if int(response.headers.get("Content-Length", WHOLE + 1)) > WHOLE:
                raise NoRanges("its server sends whole files only, and this one is large", response=response)
            self._pieces[0] = response.content
            self.is_whole = True
            return len(response.content)

    def _get(self, start: int, stop: int) -> requests.Response:
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        response = self._session.get(self._url, headers=headers, timeout=TIMEOUT, stream=True)
        try:
            response.raise_for_status()
        except requests.HTTPError:
            response.close()
            raise
        return response

    def prefetch(self, start: int, stop: int) -> None:
        """Fetch what is not yet there of a range, with one request for each gap."""
        stop = min(stop, self.size)
        while start < stop:
            piece = self._piece(start)
            if piece:
                start += len(piece)
                continue
            end = min([begin for begin in self._pieces if begin > start] + [stop])
            with self._get(start, end) as response:
                content = response.content if response.status_code == requests.codes.partial_content else b""
            if len(content) != end - start or _total(response) != self.size:
                raise requests.ConnectionError("the file changed, or was cut short, while it was read")
            self._pieces[start] = content
            start = end

    def _piece(self, position: int) -> memoryview:
        for start, data in self._pieces.items():
            if start <= position < start + len(data):
                return memoryview(data)[position - start :]
        return memoryview(b"")

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any buffer that read() makes
        """Fill the buffer from the current position, short only at the end of the file."""
        length = max(0, min(len(buffer), self.size - self._position))
        if length:
            if not self._piece(self._position):
                self.prefetch(self._position, self._position + max(length, BLOCK))
            self.prefetch(self._position, self._position + length)
        done = 0
        while done < length:
            part = self._piece(self._position)[: length - done]
            buffer[done : done + len(part)] = part
            done += len(part)
            self._position += len(part)
        return done

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position, counted as `io` does."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True


def _total(response: requests.Response) -> int:
    """Return the size of the whole file as a partial answer tells it; -1 where it does not."""
    match = re.fullmatch(r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else -1
