"""The facts of many nodes from their JSON; what several nodes have in common is read once.

Nodes of a cluster share most of their facts, and the list of packages is most of the text. So a text is taken section
by section, and a section that another node had word for word, or value for value, is that node's.
"""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import MISSING, fields
from typing import Any, Final, get_type_hints

from verl_doctor import SCHEMA_VERSION
from verl_doctor.facts import codec
from verl_doctor.facts.snapshot import Facts

_KEPT: Final = 16
"""How many different sections of a kind are kept: differences between nodes are few, or everything differs."""
_SHORT: Final = 2**11
"""Sections of fewer characters are read again: most belong to one node, and it takes no longer than looking them up."""
_BLANKS: Final = re.compile(r"[ \t\n\r]*")


class Reader:
    """Reads facts. A text gives what `codec.parse` gives, or fails as it does.

    One thing passes that is refused there: 1 where another node has true in a section that is the same otherwise.
    """

    def __init__(self) -> None:
        hints = get_type_hints(Facts)
        self._kinds = {field.name: hints[field.name] for field in fields(Facts)}
        self._required = {f.name for f in fields(Facts) if f.default is MISSING and f.default_factory is MISSING}
        self._words: dict[str, deque[tuple[str, Any]]] = {name: deque(maxlen=_KEPT) for name in self._kinds}
        self._values: dict[str, deque[tuple[Any, Any]]] = {name: deque(maxlen=_KEPT) for name in self._kinds}
        self._read_value = json.JSONDecoder().raw_decode

    def read(self, text: bytes, origin: str) -> Facts:
        """Return the facts in a text. `origin` names it in errors. Raises DataError as `codec.parse` does."""
        try:
            sections = self._sections(text.decode("utf-8"))
        except Exception:  # noqa: BLE001 - whatever is wrong with a text, `codec.parse` has the words for it
            sections = None
        return codec.parse(text, origin) if sections is None else Facts(**sections)

    def _sections(self, text: str) -> dict[str, Any] | None:
        """Return the members of an object that are facts; None where it is none, or holds none of this schema."""
        found: dict[str, Any] = {}
        at = _expect(text, 0, "{")
        while True:
            name, at = self._read_value(text, _expect(text, at, '"') - 1)
            found[name], at = self._section(name, text, _after_blanks(text, _expect(text, at, ":")))
            at = _after_blanks(text, at)
            if text[at] == "}":
                break
            at = _expect(text, at, ",")
        if _after_blanks(text, at + 1) < len(text):
            return None
        if found.get("schema_version") != SCHEMA_VERSION or not self._required <= found.keys():
            return None
        return {name: found[name] for name in self._kinds if name in found}

    def _section(self, name: str, text: str, at: int) -> tuple[Any, int]:
        """Return the section that begins there, and where it ends. Words that are a whole object end where it does."""
        known = self._words.get(name, ())
        for words, section in known:
            if text.startswith(words, at):
                return section, at + len(words)
        value, end = self._read_value(text, at)
        if name not in self._kinds:
            return value, end
        section = self._of_value(name, value)
        if end - at > _SHORT and isinstance(value, dict | list):
            self._words[name].appendleft((text[at:end], section))
        return section, end

    def _of_value(self, name: str, value: Any) -> Any:
        known = self._values[name]
        for plain, section in known:
            if plain == value:
                return section
        section = codec.the_converter().structure(value, self._kinds[name])
        known.appendleft((value, section))
        return section


def _after_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, mark: str) -> int:
    """Return where a mark ends that comes next. Raises ValueError where another does."""
    at = _after_blanks(text, at)
    if text[at] != mark:
        raise ValueError(f"no {mark} at {at}")
    return at + 1
