"""Taking statements out of a function and adding some, for the edits of patches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

Unwanted = Callable[[cst.CSTNode], bool]


def without(function: cst.FunctionDef, is_unwanted: Unwanted) -> cst.FunctionDef:
    """Return the function without some of its statements.

    Only the straight way through the function is looked at: its body and those of its loops. A statement under
    a condition of its own stays. Comments above a removed statement stay; the blank line above it goes where
    another blank line follows.
    """
    return function.with_changes(body=_block(function.body, is_unwanted))


def _block(block: cst.BaseSuite, is_unwanted: Unwanted) -> cst.BaseSuite:
    if not isinstance(block, cst.IndentedBlock):
        return block
    kept: list[cst.BaseStatement] = []
    above: tuple[cst.EmptyLine, ...] = ()
    following = [*map(_lines, block.body[1:]), None]
    for statement, next_lines in zip(block.body, following, strict=True):
        rest = _rest(statement, is_unwanted)
        if rest is None:
            above += _left_over(_lines(statement), next_lines)
        else:
            kept.append(rest.with_changes(leading_lines=(*above, *_lines(rest))) if above else rest)
            above = ()
    kept = kept or [cst.SimpleStatementLine([cst.Pass()])]
    return block.with_changes(body=kept, footer=(*above, *block.footer))


def _rest(statement: cst.BaseStatement, is_unwanted: Unwanted) -> cst.BaseStatement | None:
    """Return what is left of a statement, or of a line of several; None where nothing is."""
    if isinstance(statement, cst.For | cst.While):
        return statement.with_changes(body=_block(statement.body, is_unwanted))
    if not isinstance(statement, cst.SimpleStatementLine):
        return None if is_unwanted(statement) else statement
    parts = [part for part in statement.body if not is_unwanted(part)]
    if len(parts) == len(statement.body):
        return statement
    if not parts:
        return None
    parts[-1] = parts[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
    return statement.with_changes(body=parts)


def _lines(statement: cst.BaseStatement) -> Sequence[cst.EmptyLine]:
    """Return the comments and blank lines above a statement."""
    lines: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    return lines


def _left_over(lines: Sequence[cst.EmptyLine], following: Sequence[cst.EmptyLine] | None) -> tuple[cst.EmptyLine, ...]:
    """Return what stays of the lines above a removed statement; `following` are those below it."""
    is_blank = not any(line.comment for line in lines)
    is_spaced = following is None or (bool(following) and following[0].comment is None)
    return tuple(lines[1:] if lines and is_blank and is_spaced else lines)


def followed_by(function: cst.FunctionDef, is_place: Callable[[cst.CSTNode], bool], added: str) -> cst.FunctionDef:
    """Return the function with a statement added after each line that is a place for it."""

    class Adding(cst.CSTTransformer):
        def leave_SimpleStatementLine(  # noqa: N802 # libcst's name
            self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
        ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.BaseStatement]:
            if not is_place(original_node):
                return updated_node
            return cst.FlattenSentinel([updated_node, cst.parse_statement(added)])

    edited = function.visit(Adding())
    assert isinstance(edited, cst.FunctionDef)  # noqa: S101 # only lines inside it change
    return edited
