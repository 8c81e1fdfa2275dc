"""The Python files of verl, vLLM and tensordict by content: what an edit changes though no version tells of it.

Only `facts` asks for it: thousands of files are read.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from verl_doctor.facts.packages import NAMED, Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.facts.shared_objects import RECORD_LIMIT
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 20.0
_LONGEST: Final = 2**24
_MOST: Final = 200
"""How many files are told of by name; an environment with more of them has been replaced, not edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The files of one distribution.

    `digest` is a SHA-256 over the names and contents that RECORD lists, or over the Python files of a checkout; None
    where there is neither. Files that patches edit are left out: their states tell. `other` holds the Python files that
    are not as RECORD says, each with the SHA-256 that it has, None for one that is gone.
    """

    digest: str | None
    other: Mapping[str, str | None] = field(default_factory=dict)


def collect(
    host: Host, target: Target, packages: Mapping[str, Distribution], patches: Mapping[str, PatchState]
) -> dict[str, Contents]:
    """Return the contents by normalised name."""
    edited = frozenset(state.file for state in patches.values())
    found = {name: packages[name] for name in sorted(NAMED) if name in packages}
    return {name: _contents(host, target, name, installed, edited) for name, installed in found.items()}


def _contents(host: Host, target: Target, name: str, installed: Distribution, edited: Collection[str]) -> Contents:
    if installed.editable:
        return Contents(digest=_checkout(host, target.outside(installed.editable) / name, edited))
    place = Path(installed.location)
    try:
        record = host.read(place / installed.metadata / "RECORD", RECORD_LIMIT).decode("utf-8", "replace")
    except OSError:
        return Contents(digest=None)
    rows = sorted((file, digest) for file, digest in _rows(record) if file not in edited)
    own = [(file, digest) for file, digest in rows if not file.startswith("..")]
    other: dict[str, str | None] = {}
    for file, wanted in own:
        if file.endswith(".py") and len(other) < _MOST and (told := _told(host, place / file)) != wanted:
            other[file] = told
    return Contents(digest=_digest(repr(own).encode()), other=other)


def _rows(record: str) -> Iterator[tuple[str, str]]:
    """Yield the files that RECORD lists with a digest, but for what an installer writes; digests in hexadecimal."""
    for line in record.splitlines():
        file, _, rest = line.rpartition(",")[0].rpartition(",")
        algorithm, _, told = rest.partition("=")
        if algorithm == "sha256" and ".dist-info/" not in file:
            yield file.strip('"'), base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)).hex()


def _told(host: Host, file: Path) -> str | None:
    try:
        return _digest(host.read(file, _LONGEST))
    except OSError:
        return None


def _checkout(host: Host, package: Path, edited: Collection[str]) -> str | None:
    """Return the digest of a checkout's Python files; None where there are none."""
    files = sorted(_python_files(host, package))
    if not files:
        return None
    named = ((str(file.relative_to(package.parent)), file) for file in files)
    told = [(name, _told(host, file)) for name, file in named if name not in edited]
    return _digest(repr(told).encode())


def _python_files(host: Host, folder: Path) -> Iterator[Path]:
    for name in host.names(folder) if host.is_dir(folder) else ():
        if name.endswith(".py"):
            yield folder / name
        elif "." not in name and name != "__pycache__" and host.is_dir(folder / name):
            yield from _python_files(host, folder / name)


def _digest(content: bytes) -> str:
    from hashlib import sha256  # OpenSSL is long to load, and a check does not ask for this fact

    return sha256(content).hexdigest()
