"""Whether a statement works, where that is known without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Node

    from verl_doctor.lint.shell.unit import Unit

_WORK: Final = frozenset(
    {":", "true", "echo", "printf", "cd", "pushd", "mkdir", "set", "shopt", "ulimit", "source", "."}
)
"""Commands that work, or without which the rest of a script is not meant to run."""
_FAIL: Final = frozenset({"false"})
_ASSIGNMENTS: Final = frozenset({"variable_assignment", "variable_assignments", "declaration_command"})
_OF_COMMANDS: Final = frozenset({"command_substitution", "process_substitution"})


def works(node: Node, unit: Unit) -> bool | None:
    """Say whether a statement works; None where only the running script knows."""
    match node.type:
        case "command":
            name = node.child_by_field_name("name")
            word = "" if name is None else unit.raw(name)
            return True if word in _WORK else False if word in _FAIL else None
        case "negated_command":
            inner = works(node.named_children[0], unit) if node.named_children else None
            return None if inner is None else not inner
        case "redirected_statement":
            body = node.child_by_field_name("body")
            return None if body is None else works(body, unit)
        case "list":
            return _of_list(node, unit)
        case _ if node.type in _ASSIGNMENTS:
            return None if _has_output(node) else True
        case _:
            return None


def sign(node: Node) -> str:
    """Return what stands between the two sides of a list."""
    return next((child.type for child in node.children if child.type in {"&&", "||"}), "&&")


def chain(node: Node) -> list[Node]:
    """Return the sides of a list; of `a && b && c` all three, for c runs where both others work."""
    left, right = node.named_children[0], node.named_children[-1]
    if left == right:
        return [left]
    goes_on = left.type == "list" and sign(left) == sign(node) == "&&"
    return [*(chain(left) if goes_on else [left]), right]


def _of_list(node: Node, unit: Unit) -> bool | None:
    left, right = works(node.named_children[0], unit), works(node.named_children[-1], unit)
    decides = sign(node) == "||"
    if decides in {left, right}:
        return decides
    return None if None in {left, right} else not decides


def _has_output(node: Node) -> bool:
    """Say whether a part of a statement is a command's output: then that command's status counts."""
    return any(child.type in _OF_COMMANDS or _has_output(child) for child in node.children)
