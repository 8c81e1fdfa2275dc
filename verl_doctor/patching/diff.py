"""An edit as a unified diff that `patch -p1` and `git apply` take from the folder of installed packages."""

from __future__ import annotations

import difflib


def unified(file: str, old: bytes, new: bytes) -> bytes:
    """Return the diff of a file's contents, whatever their encoding and line ends."""
    header = (b"a/" + file.encode(), b"b/" + file.encode())
    lines = difflib.diff_bytes(difflib.unified_diff, _lines(old), _lines(new), *header, lineterm=b"\n")
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)


def _lines(content: bytes) -> list[bytes]:
    """Split at newlines only; `splitlines` also splits at lone carriage returns and form feeds."""
    lines = content.split(b"\n")
    ends = [line + b"\n" for line in lines[:-1]]
    return ends + ([lines[-1]] if lines[-1] else [])
