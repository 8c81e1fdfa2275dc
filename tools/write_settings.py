"""Writes verl_doctor/settings/verl.json and vllm.json from the published releases: what each of them can be told.

    python -m tools.write_settings            reads every release from the index (needs verl-doctor[test])
    python -m tools.write_settings --check    writes nothing; exit status 1 if it would

A name is kept with the releases that know it, as ranges of their numbers in the list of releases.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from packaging.version import Version

from tools import verl_settings, vllm_settings
from verl_doctor import releases
from verl_doctor.releases.index import Index

FOLDER = Path(__file__).parents[1] / "verl_doctor" / "settings"
OLDEST = {"verl": "0.2", "vllm": "0.6.3"}
TEXT = 60
"""Characters of a default; a longer one is no value to compare with."""
Ranges = list[list[Any]]


def names(read: Mapping[str, Iterable[str]]) -> dict[str, Ranges]:
    """Return for each name the ranges of releases that know it, from what each release knows, the oldest first."""
    at: dict[str, list[int]] = {}
    for number, known in enumerate(read.values()):
        for name in known:
            at.setdefault(name, []).append(number)
    return {name: list(_ranges(at[name])) for name in sorted(at)}


def keys(
    read: Mapping[str, Mapping[str, Mapping[str, Any]]], configurations: Sequence[str]
) -> tuple[list[list[int]], dict[str, Ranges]]:
    """Return the sets of configurations (as numbers) that have keys in common, and for each key its rows.

    A row is the first release, the last one, the number of the set, and the default.
    """
    at: dict[str, dict[tuple[tuple[int, ...], str], list[int]]] = {}
    for number, release in enumerate(read.values()):
        for key in {key for known in release.values() for key in known}:
            by_default: dict[str, list[int]] = {}
            for index, configuration in enumerate(configurations):
                if key in release.get(configuration, {}):
                    by_default.setdefault(_default(release[configuration][key]), []).append(index)
            for default, indices in by_default.items():
                at.setdefault(key, {}).setdefault((tuple(indices), default), []).append(number)
    used = Counter(indices for rows in at.values() for indices, _ in rows)
    sets = [indices for indices, _ in sorted(used.items(), key=lambda each: (-each[1], each[0]))]
    number_of = {indices: number for number, indices in enumerate(sets)}
    rows = {
        key: sorted(
            [first, last, number_of[indices], json.loads(default)]
            for (indices, default), numbers in at[key].items()
            for first, last in _ranges(numbers)
        )
        for key in sorted(at)
    }
    return [list(indices) for indices in sets], rows


def _default(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= TEXT else json.dumps("..." if isinstance(value, str) else ["..."])


def _ranges(numbers: Sequence[int]) -> Iterator[list[int]]:
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield [first, last]
            first = number
        last = number
    yield [first, last]


def written(head: Mapping[str, Any], tables: Mapping[str, Mapping[str, Ranges]]) -> str:
    """Return a file: its head, and each table with one name a line."""
    compact = {"separators": (",", ":")}
    parts = [f'"{name}":{json.dumps(value, **compact)}' for name, value in head.items()]  # type: ignore[arg-type]  # keywords of json.dumps
    for name, table in tables.items():
        rows = ",\n".join(f'"{key}":{json.dumps(rows, **compact)}' for key, rows in table.items())  # type: ignore[arg-type]  # keywords of json.dumps
        parts.append(f'"{name}":{{\n{rows}\n}}')
    return "{" + ",\n".join(parts) + "}\n"


def versions(distribution: str) -> list[str]:
    """Return the releases that are looked at, the oldest first."""
    known = (v for v in releases.versions(distribution) if not Version(v).is_prerelease)
    return sorted((v for v in known if Version(v) >= Version(OLDEST[distribution])), key=Version)


def verl(index: Index) -> str:
    """Return verl.json."""
    read = {version: _told(f"verl {version}", verl_settings.read(index, version)) for version in versions("verl")}
    configurations = sorted({name for release in read.values() for name in release})
    sets, table = keys(read, configurations)
    return written({"releases": list(read), "configurations": configurations, "sets": sets}, {"keys": table})


def vllm(index: Index) -> str:
    """Return vllm.json."""
    read = {version: _told(f"vllm {version}", vllm_settings.read(index, version)) for version in versions("vllm")}
    kinds = ("engine", "options", "variables")
    tables = {kind: names({version: getattr(told, kind) for version, told in read.items()}) for kind in kinds}
    return written({"releases": list(read)}, tables)


def _told(what: str, found: Any) -> Any:
    print(what, file=sys.stderr)
    return found


def main(argv: list[str] | None = None) -> int:
    """Write the files, or with --check say whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file would change")
    options = parser.parse_args(argv)
    with closing(Index(os.environ)) as index:
        texts = {"verl.json": verl(index), "vllm.json": vllm(index)}
    old = {name: (FOLDER / name).read_text("utf-8") if (FOLDER / name).is_file() else "" for name in texts}
    changed = [name for name, text in texts.items() if text != old[name]]
    if options.check and changed:
        print(f"{', '.join(changed)} differ from the published releases", file=sys.stderr)
        return 1
    for name in changed:
        (FOLDER / name).write_text(texts[name], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
