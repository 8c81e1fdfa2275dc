"""YAML, and JSON as a part of it, with the place of each value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from verl_doctor.lint.document import Span
from verl_doctor.lint.traced import UNKNOWN, Traced, joined, made

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LARGEST: Final = 20_000
"""How many values a document may come to when its aliases are followed."""


class YamlError(Exception):
    """A text that is no YAML: where, and why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line: Final = line
        self.reason: Final = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A value of a mapping, by the keys that lead to it; `whole` is what must go for it to be gone.

    `is_shared` says that it stands somewhere else: behind an alias, or merged in.
    """

    path: tuple[str, ...]
    key: Node
    node: Node
    whole: Span
    is_shared: bool


def documents(text: Traced) -> Sequence[Node]:
    """Return the root of each document in a text. Raises YamlError."""
    try:
        return tuple(node for node in yaml.compose_all(text.text, Loader=_LOADER) if node is not None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        start = min(mark.index, len(text.text) - 1) if mark is not None else 0
        line = text.cut(start, len(text.text)).line()
        raise YamlError(line, f"no YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(text.line(), f"no YAML: {' '.join(str(error).split())[:120]}") from error


def find(node: Node | None, *keys: str) -> Node | None:
    """Return the value that these keys lead to; None where there is none."""
    for key in keys:
        if not isinstance(node, MappingNode):
            return None
        node = next((value for name, value in reversed(node.value) if name.value == key), None)
    return node


def entries(text: Traced, root: Node, prefix: tuple[str, ...] = ()) -> Iterator[Entry]:
    """Yield the values of a mapping that are no mappings themselves, or empty ones, in order."""
    yield from islice(_entries(text, root, prefix, None, frozenset(), is_shared=False, seen=set()), _LARGEST)


def _entries(  # noqa: PLR0913 # what it passes on to itself
    text: Traced,
    mapping: Node,
    path: tuple[str, ...],
    outer: Span | None,
    above: frozenset[int],
    *,
    is_shared: bool,
    seen: set[int],
) -> Iterator[Entry]:
    if not isinstance(mapping, MappingNode) or id(mapping) in above:
        return
    is_shared |= id(mapping) in seen
    seen.add(id(mapping))
    for index, (key, node) in enumerate(mapping.value):
        if not isinstance(key, ScalarNode):
            continue
        whole = outer if outer is not None and len(mapping.value) == 1 else _whole(text, mapping, index)
        below = above | {id(mapping)}
        if key.tag == "tag:yaml.org,2002:merge":
            for merged in node.value if isinstance(node, SequenceNode) else (node,):
                yield from _entries(text, merged, path, _nowhere(whole), below, is_shared=True, seen=seen)
        elif isinstance(node, MappingNode) and node.value:
            at = _nowhere(whole) if is_shared else whole
            yield from _entries(text, node, (*path, key.value), at, below, is_shared=is_shared, seen=seen)
        else:
            alias = is_shared or id(node) in seen
            seen.add(id(node))
            place = _nowhere(whole) if is_shared else whole
            yield Entry(path=(*path, key.value), key=key, node=node, whole=place, is_shared=alias)


def _nowhere(place: Span) -> Span:
    return Span(start=place.start, end=place.start, line=place.line)


def _whole(text: Traced, mapping: MappingNode, index: int) -> Span:
    """Return what must go for a pair to be gone: its lines, or in braces the pair with a comma."""
    key, node = mapping.value[index]
    start, end = key.start_mark.index, max(_last(node), key.end_mark.index)
    if mapping.flow_style:
        if index:
            start = _last(mapping.value[index - 1][1])
        elif len(mapping.value) > 1:
            end = mapping.value[1][0].start_mark.index
        return _span(text, start, end)
    raw = text.text
    line = raw.rfind("\n", 0, start) + 1
    if raw[line:start].strip():
        return _span(text, start, start)
    stop = end if raw[end - 1 : end] == "\n" else raw.find("\n", end) + 1
    return _span(text, line, stop or len(raw))


def _span(text: Traced, start: int, end: int) -> Span:
    place = text.hull(start, end) if start < end else None
    if place is not None:
        return place
    near = next((each for each in text.starts[start:] if each >= 0), 0)
    return text.source.span(near, near)


def _last(node: Node) -> int:
    """Return where the last value in a node ends; a block's own mark is where the next one begins."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last(last[1] if isinstance(node, MappingNode) else last)
    return int(node.end_mark.index)


def scalar(text: Traced, node: Node) -> Traced:
    """Return a value's text: each character with its place, where escapes do not hide it."""
    if not isinstance(node, ScalarNode):
        return made(text.source, "")
    value: str = node.value
    start, end = node.start_mark.index, node.end_mark.index
    quotes = 1 if node.style in {"'", '"'} else 0
    if text.text[start + quotes : end - quotes] == value:
        return text.cut(start + quotes, end - quotes)
    if node.style in {"|", ">"}:
        start = text.text.find("\n", start) + 1
    return _aligned(text, start + quotes, end - quotes, value) or made(text.source, value)


def _aligned(text: Traced, start: int, end: int, value: str) -> Traced | None:
    """Return a value that stands on several lines: its blanks and line ends are those around the indentation."""
    raw, index = text.text, start
    parts: list[Traced] = []
    for character in value:
        if character in " \n":
            if index < end and raw[index].isspace():
                parts.append(text.cut(index, index + 1))
                index += 1
            else:
                parts.append(made(text.source, character))
            continue
        while index < end and raw[index].isspace() and raw[index] != character:
            index += 1
        if index >= end or raw[index] != character:
            return None
        parts.append(text.cut(index, index + 1))
        index += 1
    whole = joined(text.source, parts)
    return Traced(text=value, source=whole.source, starts=whole.starts, ends=whole.ends, shared=whole.shared)


def plain(node: Node) -> str | None:
    """Return a value as a command line would give it; None for a mapping with values, or a list of lists."""
    if isinstance(node, ScalarNode):
        is_null = node.tag == "tag:yaml.org,2002:null"
        return None if UNKNOWN in node.value else "null" if is_null else str(node.value)
    if isinstance(node, SequenceNode):
        items = [plain(each) for each in node.value]
        is_flat = not any(item is None or item[:1] in {"[", "{"} for item in items)
        return f"[{','.join(map(str, items))}]" if is_flat else None
    return None if node.value else "{}"
