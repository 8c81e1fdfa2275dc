"""Reads the known failures: one YAML file per area, an entry per failure.

An entry is a mapping under the failure's name. The keys that decide whether it occurs come first (id, layer,
severity, when, within; prevents: the modules that then cannot be imported) and are parsed at once; `title` begins what
is written about it, parsed only when it is needed: title, signature, alone, frames, follows, launch, cause, cure and
sources.

`signature` are regular expressions on what a log says: a line, or the last lines of a traceback. `frames` narrow them:
they then count only in a traceback that has a frame whose file or function one of these expressions matches; what
stands under `alone` instead of `signature` counts in any line. `follows` names the failures of which this one is
usually but a consequence where a log shows both; `any` stands for whatever else it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from verl_doctor.errors import DataError
from verl_doctor.knowledge.conditions import conditions
from verl_doctor.knowledge.failure import ANY, Failure
from verl_doctor.matrix.load import load as load_matrix
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.strict_yaml import Part, Row, parts, row
from verl_doctor.model import Layer, Severity

Kind = TypeVar("Kind", bound=Enum)
FOLDER: Final = Path(__file__).parent


@cache
def load() -> tuple[Failure, ...]:
    """Return the known failures that come with this verl-doctor, by id; read once."""
    files = ((path.name, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.yaml")))
    return failures(files, load_matrix())


def failures(files: Iterable[tuple[str, str]], matrix: Matrix) -> tuple[Failure, ...]:
    """Return the failures of these files (name and text), by id. Raises DataError where one is not right."""
    found = sorted((f for name, text in files for f in _in_file(name, text, matrix)), key=lambda f: f.id)
    for key in ("id", "name"):
        seen: dict[str, Failure] = {}
        for failure in found:
            if twin := seen.get(getattr(failure, key)):
                files_of = f"{twin.written.file} and {failure.written.file}"
                raise DataError(f"{files_of}: the {key} {getattr(failure, key)!r} is there twice.")
            seen[getattr(failure, key)] = failure
    names = {failure.name for failure in found}
    for broken in matrix.breaks():
        if broken.failure not in names:
            raise DataError(f"The matrix has a break {broken.failure!r}, of which verl_doctor/knowledge knows nothing.")
    for failure in found:
        _refuse_unknown(failure, names)
    return tuple(found)


def _refuse_unknown(failure: Failure, names: set[str]) -> None:
    """Raise where a failure follows something that is no other known failure."""
    if "\n  follows:" not in failure.written.text:
        return
    part = parts(failure.written, 2)["follows"]
    fields = row(f"follows:{part.text}", part.file, part.before)
    for name in fields.texts("follows"):
        if name not in {ANY, *names} - {failure.name}:
            raise DataError(f"{fields.place}: {failure.name!r} follows {name!r}, which is no other known failure.")


def _in_file(file: str, text: str, matrix: Matrix) -> Iterator[Failure]:
    heads, tails = _split(file, text)
    for name, fields in row(heads, file).items():
        if not isinstance(fields, Row) or name not in tails:
            raise DataError(f"{file}: the entry {name!r} must be a mapping in which `title` follows the conditions.")
        fields.only({"id", "severity", "layer", "when", "within", "prevents"})
        when = conditions(fields.get("when", []), fields.place)
        yield Failure(
            id=fields.text("id"),
            name=name,
            severity=_member(Severity, fields, "severity"),
            layer=_member(Layer, fields, "layer"),
            when=when,
            within=conditions(fields.get("within", []), fields.place),
            asks=bool(when or matrix.breaks_of(name)),
            prevents=frozenset(fields.texts("prevents")),
            written=tails[name],
        )


def _split(file: str, text: str) -> tuple[str, dict[str, Part]]:
    """Return all conditions as one document with the same lines, and each entry's texts, not parsed."""
    heads: list[str] = []
    tails: dict[str, list[str]] = {}
    before: dict[str, int] = {}
    name, in_tail = "", False
    for number, line in enumerate(text.splitlines(keepends=True)):
        if not line[0].isspace() and line[0] != "#":
            name, in_tail = line.partition(":")[0], False
        elif line.startswith("  title:") and name not in tails:
            in_tail = True
            tails[name], before[name] = [], number
        heads.append("\n" if in_tail else line)
        if in_tail:
            tails[name].append(line)
    parts = {name: Part(text="".join(tails[name]), file=file, before=before[name]) for name in tails}
    return "".join(heads), parts


def _member(kind: type[Kind], fields: Row, key: str) -> Kind:
    try:
        return kind(fields.text(key))
    except ValueError:
        values = ", ".join(str(member.value) for member in kind)
        raise DataError(f"{fields.place}: the {key} {fields.text(key)!r} is not one of {values}.") from None
