"""One text in the shell's language: a file, or a part of one that is handed to a shell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from verl_doctor.lint.document import Span
from verl_doctor.lint.grammars import parse
from verl_doctor.lint.traced import Traced

if TYPE_CHECKING:
    from tree_sitter import Node

_BLANK: Final = " \t"
_NAMES: Final = frozenset({"variable_assignment", "declaration_command", "unset_command", "for_statement"})
"""Where a variable's name, standing directly below, is not a use of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A text with its tree, and how often each variable is used in it, its own assignments apart.

    `called_from` is the line that hands it to a shell, for what of it stands nowhere.
    """

    text: Traced
    root: Node
    uses: Counter[str]
    called_from: int = 1

    def cut(self, node: Node) -> Traced:
        """Return a node's text."""
        return self.text.cut(node.start_byte, node.end_byte)

    def raw(self, node: Node) -> str:
        """Return a node's text as it is written."""
        return self.text.text[node.start_byte : node.end_byte]

    def line(self, node: Node) -> int:
        """Return the line of the file that a node starts in."""
        return self.text.cut(node.start_byte, len(self.text.text)).line(self.called_from)

    def span(self, start: int, end: int) -> Span:
        """Return the place of a part, an empty one where it has no place of its own."""
        place = self.text.hull(start, end)
        if place is not None:
            return place
        source = self.text.source
        near = next((each for each in self.text.starts[start:] if each >= 0), source.start(self.called_from))
        return source.span(near, near)

    def without_argument(self, node: Node) -> Span:
        """Return what must go for a word of a command or array to be gone, with the blanks or the line it stands on."""
        raw, start, end = self.text.text, node.start_byte, node.end_byte
        before = blanks_before(raw, start)
        starts_line = before == 0 or raw[before - 1] == "\n"
        if before < start and not starts_line:
            return self.span(before, end)
        after = _blanks_after(raw, end)
        if starts_line and (newline := _newline(raw, after)):
            return self.span(before, after + newline)
        return self.span(start, after)

    def without_prefix(self, node: Node) -> Span:
        """Return what must go for an assignment before a command to be gone."""
        return self.span(node.start_byte, blanks_after(self.text.text, node.end_byte))

    def without_statement(self, node: Node) -> Span:
        """Return what must go for a statement to be gone; an empty place where a body would be left without any."""
        raw, start, end = self.text.text, node.start_byte, node.end_byte
        parent = node.parent
        if parent is None or parent.type not in _BODIES or not _has_others(parent):
            return self.span(start, start)
        before, after = blanks_before(raw, start), _blanks_after(raw, end)
        starts_line = before == 0 or raw[before - 1] == "\n"
        if raw[after : after + 1] == ";" and raw[after : after + 2] != ";;":
            after = _blanks_after(raw, after + 1)
        elif not starts_line and raw[before - 1 : before] == ";":
            return self.span(before - 1, end)
        newline = _newline(raw, after)
        if starts_line and (newline or after == len(raw)):
            return self.span(before, after + newline)
        return self.span(start, start) if raw[after : after + 1] == "&" else self.span(start, after)


_BODIES: Final = frozenset(
    {"program", "compound_statement", "do_group", "if_statement", "elif_clause", "else_clause", "case_item", "subshell"}
)


def unit(text: Traced, called_from: int = 1) -> Unit:
    """Return a text with its tree. Raises GrammarMissingError."""
    root = parse("bash", text)
    return Unit(text=text, root=root, uses=_uses(text.text, root), called_from=called_from)


def _uses(raw: str, root: Node) -> Counter[str]:
    uses: Counter[str] = Counter()
    waiting: list[tuple[Node, str]] = [(root, "")]
    while waiting:
        node, assigned = waiting.pop()
        if node.type == "variable_assignment" and (name := node.child_by_field_name("name")):
            assigned = raw[name.start_byte : name.end_byte]
        for child in node.children:
            if child.type == "variable_name":
                name_of = raw[child.start_byte : child.end_byte]
                uses[name_of] += name_of != assigned and node.type not in _NAMES
            elif child.child_count:
                waiting.append((child, assigned))
    return uses


def _has_others(parent: Node) -> bool:
    """Say whether a body has several statements, or may be without any."""
    if parent.type in {"program", "case_item"}:
        return True
    body = [child for child in parent.named_children if child.type != "comment"]
    if parent.type in {"if_statement", "elif_clause"}:
        then = next((child.end_byte for child in parent.children if child.type == "then"), 0)
        body = [
            child for child in body if child.start_byte >= then and child.type not in {"elif_clause", "else_clause"}
        ]
    return len(body) > 1


def blanks_before(raw: str, index: int) -> int:
    """Return where the blanks and continued lines before a place begin."""
    while True:
        if index and raw[index - 1] in _BLANK:
            index -= 1
        elif raw.endswith("\\\n", 0, index):
            index -= 2
        elif raw.endswith("\\\r\n", 0, index):
            index -= 3
        else:
            return index


def blanks_after(raw: str, index: int) -> int:
    """Return where the blanks and continued lines after a place end."""
    while True:
        if raw[index : index + 1] and raw[index] in _BLANK:
            index += 1
        elif raw.startswith("\\\n", index):
            index += 2
        elif raw.startswith("\\\r\n", index):
            index += 3
        else:
            return index


def _blanks_after(raw: str, index: int) -> int:
    while raw[index : index + 1] and raw[index] in _BLANK:
        index += 1
    return index


def _newline(raw: str, index: int) -> int:
    """Return the length of the line's end at this place, 0 where there is none."""
    return 2 if raw.startswith("\r\n", index) else int(raw.startswith("\n", index))
