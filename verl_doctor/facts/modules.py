"""Which modules of an installed distribution are gone: RECORD lists them, the disk does not have them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.shared_objects import RECORD_LIMIT
from verl_doctor.host import Host

SHARED: Final = frozenset(
    {"benchmark", "benchmarks", "docs", "example", "examples", "google", "nvidia", "scripts", "test", "tests", "tools"}
)
"""Packages that many distributions list; the uninstall of one takes them from the others, which do without."""
OF_TESTS: Final = r"(^|[/_])tests?[/_.]"
"""Images that are made smaller leave these out."""
_MODULE: Final = re.compile(rb"^((?:[\w.-]+/)+)([\w.-]+)\.py,", re.MULTILINE)


def gone(host: Host, distribution: Distribution) -> tuple[str, ...]:
    """Return the names, as RECORD has them, of the modules that are gone; none where RECORD does not tell.

    A module that is there as bytecode alone is there. Each folder is listed once, which is cheaper than to ask for
    each file.
    """
    if distribution.editable is not None:
        return ()
    place = Path(distribution.location)
    try:
        record = host.read(place / distribution.metadata / "RECORD", RECORD_LIMIT)
    except OSError:
        return ()
    return tuple(
        f"{folder}{name}.py"
        for folder, names in _by_folder(record).items()
        for name in _without(host, place / folder, names)
        if not re.search(OF_TESTS, f"{folder}{name}.py")
    )


def _by_folder(record: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for folder, name in _MODULE.findall(record):
        found.setdefault(folder.decode(), []).append(name.decode())
    return {folder: names for folder, names in found.items() if folder.partition("/")[0] not in {*SHARED, ".."}}


def _without(host: Host, folder: Path, names: list[str]) -> Iterator[str]:
    """Yield the names of which a folder has no module; none where it may not be seen."""
    try:
        there = frozenset(host.names(folder))
    except (FileNotFoundError, NotADirectoryError):
        there = frozenset()
    except OSError:
        return
    yield from (name for name in names if f"{name}.py" not in there and f"{name}.pyc" not in there)
