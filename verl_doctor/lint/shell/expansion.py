"""What a word of a script becomes: quotes removed, variables put in, split where nothing quotes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from verl_doctor.lint.budget import WORD
from verl_doctor.lint.document import Span
from verl_doctor.lint.shell.arithmetic import calculated
from verl_doctor.lint.shell.scope import Field, Scope, Variable, Words
from verl_doctor.lint.shell.unit import Unit
from verl_doctor.lint.traced import UNKNOWN, Traced, joined, made, unescaped

if TYPE_CHECKING:
    from tree_sitter import Node

_IN_QUOTES: Final = '"\\$`'
_IN_HEREDOC: Final = "\\$`"
_BLANKS: Final = " \t\r\n"
_SPECIAL: Final = frozenset(
    {
        "simple_expansion",
        "expansion",
        "command_substitution",
        "process_substitution",
        "arithmetic_expansion",
        "brace_expression",
        "string",
        "translated_string",
        "raw_string",
        "ansi_c_string",
    }
)
_DEFAULTS: Final = {":-": True, "-": False, ":=": True, "=": False}
"""The operators that give a default, and whether also in place of an empty value."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A part of a word; it is split at blanks where it is not `quoted`."""

    text: Traced
    quoted: bool


Part = _Text | Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Expander:
    """Expands the words of a unit by what a scope knows."""

    unit: Unit
    scope: Scope

    def fields(self, node: Node) -> Words:
        """Return the words that one argument, or element of an array, becomes."""
        parts = list(self._parts(node, quoted=False))
        self._spend(parts)
        is_open = any(part.open for part in parts if isinstance(part, Words))
        whole, written = self.unit.without_argument(node), self.unit.raw(node)
        return Words(fields=tuple(_put_together(parts, whole, written)), open=is_open)

    def text(self, node: Node) -> Traced:
        """Return what a node becomes where nothing is split: the value of an assignment, a redirection's target."""
        return self._flat(self._parts(node, quoted=True))

    def heredoc(self, node: Node) -> Traced:
        """Return the text of a heredoc whose end is not quoted."""
        return self._flat(self._mixed(node.children, node.start_byte, node.end_byte, _IN_HEREDOC, quoted=True))

    def _flat(self, parts: Iterable[Part]) -> Traced:
        parts = list(parts)
        self._spend(parts)
        return joined(self.scope.source, [part.text if isinstance(part, _Text) else self._star(part) for part in parts])

    def _spend(self, parts: Sequence[Part]) -> None:
        """Count what is put together. Raises SpentError."""
        texts = sum(len(part.text.text) for part in parts if isinstance(part, _Text))
        words = sum(len(word.text.text) + WORD for part in parts if isinstance(part, Words) for word in part.fields)
        self.scope.source.budget.expand(texts + words)

    def _star(self, words: Words) -> Traced:
        """Return an array as one text: its words with a blank between."""
        if words.open:
            return self._unknown()
        texts = [word.text.text for word in words.fields]
        return words.fields[0].text if len(texts) == 1 else made(self.scope.source, " ".join(texts))

    def _unknown(self) -> Traced:
        return made(self.scope.source, UNKNOWN)

    def _parts(self, node: Node, *, quoted: bool) -> Iterator[Part]:
        match node.type:
            case "raw_string":
                yield _Text(self.unit.text.cut(node.start_byte + 1, node.end_byte - 1), quoted=True)
            case "string" | "translated_string":
                start = node.start_byte + self.unit.raw(node).index('"') + 1
                yield from self._quoted(node, start, node.end_byte - 1)
            case "ansi_c_string":
                inner = self.unit.text.cut(node.start_byte + 2, node.end_byte - 1)
                yield _Text(inner if "\\" not in inner.text else self._unknown(), quoted=True)
            case "simple_expansion" | "expansion":
                yield from self._variable(node, quoted=quoted)
            case "arithmetic_expansion":
                number = calculated(node, self._operand)
                yield _Text(self._unknown() if number is None else made(self.scope.source, str(number)), quoted=True)
            case "command_substitution" | "process_substitution" | "brace_expression":
                yield _Text(self._unknown(), quoted=quoted)
            case "concatenation":
                yield from self._mixed(node.children, node.start_byte, node.end_byte, None, quoted=quoted)
            case _:
                yield from self._mixed(node.children, node.start_byte, node.end_byte, None, quoted=quoted)

    def _quoted(self, node: Node, start: int, end: int) -> Iterator[Part]:
        if start == end:
            yield _Text(self.unit.text.cut(start, end), quoted=True)
        else:
            yield from self._mixed(node.children, start, end, _IN_QUOTES, quoted=True)

    def _mixed(  # noqa: PLR0913 # the mode of the text around
        self,
        children: Sequence[Node],
        start: int,
        end: int,
        escapable: str | None,
        *,
        quoted: bool,
        split: bool = False,
    ) -> Iterator[Part]:
        """Yield what stands between `start` and `end`: text, to `split` or not, and what is expanded."""
        for child in _specials(children):
            raw = self.unit.raw(child)
            begin = child.start_byte + len(raw) - len(raw.lstrip(_BLANKS))  # with blanks before it
            if child.start_byte < start or child.end_byte > end:
                continue
            if start < begin:
                yield replace(self._plain(start, begin, escapable), quoted=not split)
            yield from self._parts(child, quoted=quoted)
            start = child.end_byte
        if start < end:
            yield replace(self._plain(start, end, escapable), quoted=not split)

    def _plain(self, start: int, end: int, escapable: str | None) -> _Text:
        text = self.unit.text.cut(start, end)
        if escapable is None and (text.text == "~" or text.text.startswith("~/")):
            return _Text(self._unknown(), quoted=True)
        brace = text.text.find("{") if escapable is None else -1
        if brace >= 0 and "," in text.text[brace:].partition("}")[0]:  # {a,b} becomes two words
            text = joined(text.source, [text.cut(0, brace), self._unknown()])
        return _Text(unescaped(text, escapable), quoted=True)

    def _operand(self, node: Node) -> str | None:
        if node.type in {"number", "word"}:
            return self.unit.raw(node).strip()
        if node.type == "variable_name":
            value = self._of(self.unit.raw(node).strip())
            return value.text.value if isinstance(value, _Text) else None
        return self._flat(self._variable(node, quoted=True)).value

    def _variable(self, node: Node, *, quoted: bool) -> Iterator[Part]:
        """Yield what $NAME or ${NAME...} stands for."""
        raw = self.unit.raw(node).strip(_BLANKS)
        named = next((child for child in node.named_children if child.type in _NAMED), None)
        name = self.unit.raw(named).strip() if named is not None else raw.strip("${}")
        if named is not None and named.type == "subscript":
            yield from self._subscript(node, named, quoted=quoted)
        elif node.type == "simple_expansion" or raw == f"${{{name}}}":
            yield _as(self._of(name), quoted=quoted)
        elif (sign := _operator(node, named)) is not None and sign.type in _DEFAULTS:
            yield from self._default(node, name, sign, quoted=quoted)
        elif sign is not None and sign.type in {":?", "?"}:
            yield _as(self._of(name), quoted=quoted)
        elif sign is not None and sign.type in {":+", "+"}:
            yield from self._alternative(node, name, sign, quoted=quoted)
        else:
            yield _Text(self._unknown(), quoted=quoted)

    def _subscript(self, node: Node, named: Node, *, quoted: bool) -> Iterator[Part]:
        """Yield the words of ${NAME[@]}; one of them, or a part of it, is not looked up."""
        name = self.unit.raw(named.children[0]).strip()
        index = self.unit.raw(named)[len(name) :]
        is_all = self.unit.raw(node).strip(_BLANKS) == f"${{{name}{index}}}" and index in {"[@]", "[*]"}
        sign = _operator(node, named)
        variable = self.scope.variables.get(name)
        if not is_all and not (index in {"[@]", "[*]"} and sign is not None and sign.type in {":+", "+", ":-", "-"}):
            yield _Text(self._unknown(), quoted=quoted)
        elif variable is None:
            yield Words(open=True)
        elif isinstance(variable.value, Words):
            yield variable.value
        else:
            yield _Text(variable.value, quoted=quoted)

    def _default(self, node: Node, name: str, sign: Node, *, quoted: bool) -> Iterator[Part]:
        """Yield a variable's value, or the default where nobody here sets it (or it is empty, after a colon)."""
        also_empty = _DEFAULTS[sign.type]
        variable = self.scope.variables.get(name)
        found = self._of(name) if variable is not None or name.isdigit() else None
        if isinstance(found, Words) or (found is not None and (found.text.text or not also_empty)):
            yield _as(found, quoted=quoted)
            return
        end = node.end_byte - 1
        parts = list(self._mixed(node.children, sign.end_byte, end, None, quoted=quoted, split=not quoted))
        if variable is None and not parts:
            yield Words(open=True)  # who calls the script may put more there
        if "=" in sign.type and (variable is None or also_empty):
            where = self.unit.span(node.start_byte, node.start_byte)
            kept = variable is not None and variable.exported
            value = self._flat(iter(parts)).as_shared()
            self.scope.variables[name] = Variable(value=value, whole=where, written=self.unit.raw(node), exported=kept)
        yield from parts

    def _alternative(self, node: Node, name: str, sign: Node, *, quoted: bool) -> Iterator[Part]:
        variable = self.scope.variables.get(name)
        if variable is None or isinstance(variable.value, Words) or variable.value.value is None:
            yield Words(open=True) if not quoted else _Text(self._unknown(), quoted=True)
        elif variable.value.text or sign.type == "+":
            end = node.end_byte - 1
            yield from self._mixed(node.children, sign.end_byte, end, None, quoted=quoted, split=not quoted)

    def _of(self, name: str) -> Part:
        """Return what a variable, or an argument of the script or function, is known to hold."""
        if name in {"@", "*"}:
            return self.scope.arguments
        if name.isdigit() and name != "0":
            fields = self.scope.arguments.fields
            return _Text(fields[int(name) - 1].text if int(name) <= len(fields) else self._unknown(), quoted=False)
        variable = self.scope.variables.get(name)
        if variable is None:
            return _Text(self._unknown(), quoted=False)
        if isinstance(variable.value, Words):
            first = variable.value.fields[:1]
            return _Text(first[0].text if first and not variable.value.open else self._unknown(), quoted=False)
        is_shared = variable.exported or self.unit.uses[name] != 1
        return _Text(variable.value.as_shared() if is_shared else variable.value, quoted=False)


_NAMED: Final = frozenset({"variable_name", "special_variable_name", "subscript"})


def _as(part: Part, *, quoted: bool) -> Part:
    return replace(part, quoted=quoted) if isinstance(part, _Text) else part


def _operator(node: Node, named: Node | None) -> Node | None:
    """Return the sign after a variable's name in ${NAME:-...}."""
    after = named.end_byte if named is not None else node.start_byte
    return next((child for child in node.children if child.start_byte >= after and not child.is_named), None)


def _specials(children: Sequence[Node]) -> Iterator[Node]:
    """Yield what is not text as it is written, also out of a concatenation."""
    for child in children:
        if child.type in _SPECIAL:
            yield child
        elif child.child_count:
            yield from _specials(child.children)


def _put_together(parts: Sequence[Part], whole: Span, written: str) -> Iterator[Field]:
    """Yield the words that the parts make: each part goes on with the last word, unless a blank splits them."""
    current: list[Traced] | None = None
    for part in parts:
        if isinstance(part, Words):
            words = part.fields
            if current and words:
                current.append(words[0].text)
                yield _field(current, whole, written)
                current, words = None, words[1:]
            yield from words
        elif part.quoted:
            current = [*(current or []), part.text]
        else:
            pieces = list(_pieces(part.text))
            for index, (start, end) in enumerate(pieces):
                if current is not None and (index or start):
                    yield _field(current, whole, written)
                    current = None
                if current is None and len(pieces) > 1:
                    yield from _split_off(part.text, start, end, index)
                else:
                    current = [*(current or []), part.text.cut(start, end)]
            if pieces and pieces[-1][1] < len(part.text.text) and current is not None:
                yield _field(current, whole, written)
                current = None
    if current is not None:
        yield _field(current, whole, written)


def _field(texts: Sequence[Traced], whole: Span, written: str) -> Field:
    return Field(text=joined(texts[0].source, texts), whole=whole, written=written)


def _pieces(text: Traced) -> Iterator[tuple[int, int]]:
    """Yield where the words of a text that is split begin and end."""
    start: int | None = None
    for index, character in enumerate(text.text + " "):
        if character in _BLANKS and start is not None:
            yield start, index
            start = None
        elif character not in _BLANKS and start is None:
            start = index


def _split_off(text: Traced, start: int, end: int, index: int) -> Iterator[Field]:
    """Yield a word of a text that is split; it goes with the blanks before it, the first one with those after it."""
    first, last = start, end
    while index and first and text.text[first - 1] in _BLANKS:
        first -= 1
    while not index and last < len(text.text) and text.text[last] in _BLANKS:
        last += 1
    near = next((each for each in text.starts[start:end] if each >= 0), 0)
    whole = text.region(first, last) or text.source.span(near, near)
    yield Field(text=text.cut(start, end), whole=whole, written=text.text[start:end])
