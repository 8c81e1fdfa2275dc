"""The tree-sitter grammars, which come with an extra."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Literal

from verl_doctor.errors import DoctorError
from verl_doctor.lint.traced import Traced

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

Language = Literal["bash", "containerfile"]


class GrammarMissingError(DoctorError):
    """A grammar is not installed."""


@cache
def _parser(language: Language) -> Parser:
    try:
        from tree_sitter import Language as Grammar
        from tree_sitter import Parser

        return Parser(Grammar(importlib.import_module(f"tree_sitter_{language}").language()))
    except (ImportError, ValueError) as error:
        what = "shell scripts" if language == "bash" else "Dockerfiles"
        raise GrammarMissingError(
            f"{what.capitalize()} are read with a grammar that is not installed ({error}): "
            "verl-doctor's extra 'lint' has it; in its checkout, install '.[lint]'."
        ) from error


def parse(language: Language, text: Traced) -> Node:
    """Return the root of the tree of a text, in which each offset is that of a character.

    Raises GrammarMissingError. For the grammar a character outside of ASCII is a percent sign: one byte, part of a
    word, of no variable's name. Windows' line ends, which no shell takes, are read as those that were meant, and a
    backslash at the very end, behind which nothing follows, as a blank.
    """
    plain = text.text.replace("\\\r\n", " \\\n").replace("\r\n", "\n\n")
    stripped = plain.rstrip()
    if stripped.endswith("\\") and not stripped.endswith("\\\\"):
        plain = stripped[:-1] + " " + plain[len(stripped) :]
    if not plain.isascii():
        plain = "".join(character if character.isascii() else "%" for character in plain)
    return _parser(language).parse(plain.encode("ascii")).root_node


def errors(node: Node) -> Iterator[Node]:
    """Yield the outermost nodes that the grammar does not understand, and those that it misses."""
    if node.is_error or node.is_missing:
        yield node
    elif node.has_error:
        for child in node.children:
            yield from errors(child)
