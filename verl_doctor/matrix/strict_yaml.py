"""YAML in which a version cannot become a number and a key cannot be written twice, read on demand.

Every value is a string, a list or a mapping. A plain scalar that YAML 1.1 takes for something else (2.10 for
the number 2.1, no for false) is refused. Nothing is constructed: libyaml composes nodes, which costs about a
microsecond each, and `parts` finds the values of a block mapping by their indentation, so that a run parses
only what it asks for.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import yaml

from verl_doctor.errors import DataError

# PyYAML is built without libyaml on some platforms; its own parser reads the same, twenty times slower.
_Parser: Any = vars(yaml.cyaml)["CParser"] if yaml.__with_libyaml__ else yaml.BaseLoader
_IMPLICIT: Final[dict[str, list[tuple[str, re.Pattern[str]]]]] = yaml.SafeLoader.yaml_implicit_resolvers
_KEY: Final = re.compile(r'"?([\w.+-]+)"?:(?= |$)')


class _Composer(_Parser):  # type: ignore[misc]  # the base is chosen at run time
    """Composes nodes without resolving tags, which nothing here needs."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        del kind, value, implicit
        return "tag:yaml.org,2002:str"

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """Do nothing."""

    def ascend_resolver(self) -> None:
        """Do nothing."""


class Row(dict[str, Any]):
    """A mapping that knows where it stands (`place`, as "file:line") and gives its values by type."""

    __slots__ = ("place",)

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def text(self, key: str) -> str:
        """Return a string that must be there."""
        value = self.get(key)
        if not isinstance(value, str):
            raise DataError(f"{self.place}: the key {key!r} must hold a text.")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; one string counts as a list of one, a missing key as none."""
        value = self.get(key, [])
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise DataError(f"{self.place}: the key {key!r} must hold a text or a list of texts.")
        return tuple(values)

    def pairs(self, key: str) -> dict[str, str]:
        """Return a mapping of strings to strings; a missing key is an empty one."""
        value = self.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise DataError(f"{self.place}: the key {key!r} must hold a mapping of texts.")
        return dict(value)

    def rows(self, key: str) -> list[Row]:
        """Return a list of mappings; one mapping counts as a list of one, a missing key as none."""
        return rows(self.get(key, []), self.place)

    def only(self, allowed: Collection[str]) -> Row:
        """Return this row, which has no keys but these."""
        for key in self:
            if key not in allowed:
                raise DataError(f"{self.place}: the key {key!r} is not one of {', '.join(sorted(allowed))}.")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A value of a block mapping that is not parsed yet, the file it is from, and the lines before it."""

    text: str
    file: str
    before: int


def read(text: str, file: str, before: int = 0) -> Any:
    """Return what a YAML document holds; `before` is the number of lines that precede it in the file."""
    try:
        node = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 + before if error.problem_mark else before
        raise DataError(f"{file}:{line}: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise DataError(f"{file}: {error}.") from error
    return None if node is None else _value(node, file, before + 1, "")


def row(text: str, file: str, before: int = 0) -> Row:
    """Return the mapping that a YAML document holds."""
    value = read(text, file, before)
    if not isinstance(value, Row):
        raise DataError(f"{file}:{before + 1}: a mapping is needed here.")
    return value


def rows(value: Any, place: str) -> list[Row]:
    """Return a value that must be a mapping or a list of mappings, as a list."""
    values = [value] if isinstance(value, Row) else value
    if not isinstance(values, list) or not all(isinstance(v, Row) for v in values):
        raise DataError(f"{place}: a list of mappings is needed here.")
    return values


def parts(part: Part, indent: int = 0) -> dict[str, Part]:
    """Return the values of a block mapping whose keys stand at this indentation, unparsed, by key."""
    found: dict[str, Part] = {}
    lines = part.text.splitlines(keepends=True)
    starts: list[tuple[str, int, str]] = []
    for number, line in enumerate(lines):
        if len(line) > indent and line[indent] not in " #\n-}]" and not line[:indent].strip():
            match = _KEY.match(line, indent)
            if match is None:
                raise DataError(f"{part.file}:{part.before + number + 1}: a key and a colon are needed here.")
            starts.append((match.group(1), number, line[match.end() :]))
    for (key, number, rest), (_, end, _) in zip(starts, [*starts[1:], ("", len(lines), "")], strict=True):
        if key in found:
            raise DataError(f"{part.file}:{part.before + number + 1}: the key {key!r} is there twice.")
        text = "".join([rest, *lines[number + 1 : end]])
        found[key] = Part(text=text, file=part.file, before=part.before + number)
    return found


def _value(node: Any, file: str, first: int, key: str) -> Any:
    value = node.value
    if node.id == "scalar":
        if not node.style:
            _refuse_surprises(node, file, first, key)
        return value
    if node.id == "sequence":
        return [_value(child, file, first, key) for child in value]
    mapping = Row(f"{file}:{first + node.start_mark.line}")
    for key_node, child in value:
        name = _value(key_node, file, first, "")
        if not isinstance(name, str):
            raise DataError(f"{mapping.place}: a key must be a text.")
        if name in mapping:
            raise DataError(f"{file}:{first + key_node.start_mark.line}: the key {name!r} is there twice.")
        mapping[name] = _value(child, file, first, name)
    return mapping


def _refuse_surprises(node: Any, file: str, first: int, key: str) -> None:
    """Raise where YAML 1.1 would make something else than a text of a plain scalar."""
    value = node.value
    for tag, pattern in _IMPLICIT.get(value[:1], ()):
        if pattern.match(value):
            kind = tag.rpartition(":")[2]
            where = f"the key {key!r} holds {value}" if key else f"the key {value} is there"
            raise DataError(f"{file}:{first + node.start_mark.line}: {where}, which YAML takes for a {kind}; quote it.")
