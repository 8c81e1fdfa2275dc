"""The text of a heredoc, and who gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verl_doctor.lint.shell.expansion import Expander
from verl_doctor.lint.traced import Traced

if TYPE_CHECKING:
    from tree_sitter import Node


def handed_to_cat(statement: Node, redirect: Node, expander: Expander) -> tuple[Traced | None, str]:
    """Return a heredoc's text, and the name of the file that it is written to, or of the program that reads it."""
    raw = expander.unit.raw
    start = next((child for child in redirect.children if child.type == "heredoc_start"), None)
    body = next((child for child in redirect.children if child.type == "heredoc_body"), None)
    if start is None or body is None:
        return None, ""
    is_quoted = any(mark in raw(start) for mark in "'\"\\")
    text = expander.unit.cut(body) if is_quoted else expander.heredoc(body)
    return text, _destination(statement, redirect, expander) or _reader(statement, expander)


def _destination(statement: Node, redirect: Node, expander: Expander) -> str:
    for node in (*statement.named_children, *redirect.named_children):
        target = node.child_by_field_name("destination") if node.type == "file_redirect" else None
        if target is not None:
            return expander.text(target).text
        if node.type == "pipeline":
            words = expander.unit.raw(node).split()
            return words[-1] if words else ""
    return ""


def _reader(statement: Node, expander: Expander) -> str:
    """Return the program that reads it: `bash <<EOF`, `sbatch <<EOF`; for `cat` and others it says nothing."""
    body = statement.child_by_field_name("body")
    name = body.child_by_field_name("name") if body is not None and body.type == "command" else None
    return "" if name is None else expander.unit.raw(name).rpartition("/")[2]
