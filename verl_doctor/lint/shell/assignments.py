"""Statements that change variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from verl_doctor.lint.document import Setting, Span
from verl_doctor.lint.settings import setting
from verl_doctor.lint.shell.expansion import Expander
from verl_doctor.lint.shell.scope import Scope, Variable, Words
from verl_doctor.lint.shell.unit import Unit
from verl_doctor.lint.traced import UNKNOWN, Traced, made

if TYPE_CHECKING:
    from tree_sitter import Node

_EXPORTING: Final = "export"
_OWN: Final = frozenset({"local", "declare", "typeset"})
"""What makes a variable a function's own."""
_READ_INTO: Final = frozenset({"read", "mapfile", "readarray", "getopts", "let", "printf"})


def follow(node: Node, unit: Unit, scope: Scope) -> None:
    """Change the scope as a statement does."""
    expander = Expander(unit=unit, scope=scope)
    match node.type:
        case "variable_assignment":
            _assign(node, expander, unit.without_statement(node))
        case "declaration_command":
            _declare(node, expander)
        case "unset_command":
            for name in _names(node, unit):
                scope.variables[name] = _empty(scope)
        case _:
            for child in node.named_children:
                if child.type == "variable_assignment":
                    _assign(child, expander, unit.without_prefix(child))


def parts(node: Node, expander: Expander) -> tuple[str, Traced]:
    """Return the name and the value of NAME=VALUE."""
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    raw = "" if name is None else expander.unit.raw(name)
    end = node.end_byte
    return raw, expander.unit.text.cut(end, end) if value is None else expander.text(value)


def exports(scope: Scope) -> Iterator[Setting]:
    """Yield the variables that a program gets."""
    for name, variable in scope.variables.items():
        if variable.exported and isinstance(variable.value, Traced):
            yield setting("environment", name, variable.value, 0, variable.whole, variable.written)


def export(scope: Scope, settings: Sequence[Setting]) -> None:
    """Put settings of the environment into a scope; what is known of their place stays with them."""
    for each in settings:
        if each.kind != "environment":
            continue
        value = made(scope.source, UNKNOWN if each.value is None else each.value)
        if each.literal is not None and each.value is not None and _is_plain(scope, each.literal, each.value):
            starts = range(each.literal.start, each.literal.end)
            ends = range(each.literal.start + 1, each.literal.end + 1)
            value = replace(value, starts=starts, ends=ends)
        scope.variables[each.name] = Variable(value=value, whole=each.whole, written=each.written, exported=True)


def _is_plain(scope: Scope, place: Span, value: str) -> bool:
    return scope.source.data[place.start : place.end] == value.encode() and value.isascii()


def changed(node: Node, unit: Unit) -> set[str]:
    """Return the variables that a part of the script may change."""
    names: set[str] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        name = each.child_by_field_name("name") if each.type == "variable_assignment" else None
        if each.type == "variable_assignment" and name is not None:
            names.add(unit.raw(name.children[0] if name.type == "subscript" else name))
        elif each.type in {"for_statement", "postfix_expression", "unset_command"}:
            names.update(_names(each, unit))
        elif each.type == "command" and unit.raw(each).split(maxsplit=1)[0] in _READ_INTO:
            names.update(word for word in unit.raw(each).split() if word.isidentifier())
        waiting.extend(each.children)
    return names


def named(node: Node, unit: Unit) -> set[str]:
    """Return all variables that a part of the script names."""
    names = set(_names(node, unit))
    for child in node.children:
        names |= named(child, unit)
    return names


def _names(node: Node, unit: Unit) -> Iterator[str]:
    return (unit.raw(child) for child in node.named_children if child.type == "variable_name")


def _declare(node: Node, expander: Expander) -> None:
    """Follow export, declare, readonly and local."""
    unit, scope = expander.unit, expander.scope
    keyword = node.children[0].type
    flags = "".join(unit.raw(child)[1:] for child in node.named_children if unit.raw(child).startswith("-"))
    items = [child for child in node.named_children if child.type in {"variable_assignment", "variable_name"}]
    exporting = (keyword == _EXPORTING and "n" not in flags) or (keyword != _EXPORTING and "x" in flags)
    is_own = keyword in _OWN and "g" not in flags
    for item in items:
        if is_own:
            scope.hide(_name(item, unit))
        if item.type == "variable_assignment":
            whole = unit.without_statement(node) if len(items) == 1 else unit.without_argument(item)
            written = unit.raw(node) if len(items) == 1 else unit.raw(item)
            _assign(item, expander, whole, written, exporting=exporting)
        elif (variable := scope.variables.get(unit.raw(item))) is not None and (exporting or "n" in flags):
            scope.variables[unit.raw(item)] = replace(variable, exported=exporting)
        elif is_own and scope.hidden is not None:
            scope.variables[unit.raw(item)] = _empty(scope)


def _name(item: Node, unit: Unit) -> str:
    """Return the name in NAME, NAME=VALUE or NAME[0]=VALUE."""
    return unit.raw(item).partition("=")[0].removesuffix("+").partition("[")[0]


def _empty(scope: Scope) -> Variable:
    return Variable(value=made(scope.source, ""), whole=scope.source.span(0, 0), written="")


def _assign(node: Node, expander: Expander, whole: Span, written: str = "", *, exporting: bool = False) -> None:
    unit, scope = expander.unit, expander.scope
    target = node.child_by_field_name("name")
    if target is None:
        return
    if target.type == "subscript":
        scope.forget([unit.raw(target.children[0])])
        return
    name = unit.raw(target)
    before = scope.variables.get(name)
    value = _value(node, expander, before)
    exported = exporting or (before is not None and before.exported)
    scope.variables[name] = Variable(value=value, whole=whole, written=written or unit.raw(node), exported=exported)


def _value(node: Node, expander: Expander, before: Variable | None) -> Traced | Words:
    right = node.child_by_field_name("value")
    appends = any(child.type == "+=" for child in node.children)
    if right is not None and right.type == "array":
        added = [expander.fields(child) for child in right.named_children if child.type != "comment"]
        words = [before.value] if appends and before is not None and isinstance(before.value, Words) else []
        is_open = right.has_error or (appends and before is None)
        words += added
        fields = tuple(field for each in words for field in each.fields)
        return Words(fields=fields, open=is_open or any(each.open for each in words))
    value = parts(node, expander)[1]
    if not appends:
        return value
    if before is None or isinstance(before.value, Words):
        return made(expander.scope.source, UNKNOWN)
    return before.value + value
