"""Looking at a source with libcst: parses the function a patch is about, and edits nothing but it."""

from __future__ import annotations

import ast
import codecs
import io
import re
import sys
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import current_thread, main_thread
from typing import Final

import libcst as cst

from verl_doctor.patching.patch import After, Before, Patch, Structure, Unaffected, Unfamiliar
from verl_doctor.patching.team.aside import aside
from verl_doctor.patching.team.raised import by_edit

_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

# ValueError: a null byte; LookupError: an unknown encoding; the last two: nested too deeply
_UNPARSABLE: Final = (cst.ParserSyntaxError, SyntaxError, ValueError, LookupError, RecursionError, MemoryError)


@lru_cache(maxsize=32)
def examine(patch: Patch, source: bytes, version: str | None = None) -> Structure:
    """Return what the patch finds in the content of its file in a release, the first by default.

    The answer is remembered, as a run asks again under the lock.
    """
    scope = patch.site(version).scope
    try:
        excerpt = _function(source, scope) if scope else _Excerpt(text=source)
        found = excerpt if isinstance(excerpt, Unfamiliar) else _edited(patch, excerpt, scope)
    except _UNPARSABLE as error:
        python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
        return Unfamiliar(f"it cannot be parsed as {python}: {_first_line(error)}")
    if isinstance(found, Before) and not _is_python(found.edited):
        return Unfamiliar(
            "its white space does not survive an edit"
        )  # libcst indents a line that begins with a form feed
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Excerpt:
    """Lines of a source that are parsed, and those before and after, which stay as they are.

    `above` has to stand over an indented function so that it can be parsed alone; `encoding` is that of the source,
    None where the text says it itself.
    """

    text: bytes
    before: bytes = b""
    after: bytes = b""
    above: bytes = b""
    encoding: str | None = None


def _function(source: bytes, scope: str) -> _Excerpt | Unfamiliar:
    """Return the lines of the function with this dotted name.

    Python's own parser says which these are, in a tenth of the time that libcst would take for the whole source.
    """
    found = list(_definitions(_parsed(source), scope.split(".")))
    if len(found) != 1:
        return Unfamiliar(f"it {'defines more than one' if found else 'has no'} {scope}")
    [function] = found
    mark = codecs.BOM_UTF8 if source.startswith(codecs.BOM_UTF8) else b""
    lines = _LINE.findall(source.removeprefix(mark))
    first, end = _first_row(function, lines), function.end_lineno
    newline = lines[first][len(lines[first].rstrip(b"\r\n")) :]
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return _Excerpt(
        text=b"".join(lines[first:end]),
        before=mark + b"".join(lines[:first]),
        after=b"".join(lines[end:]),
        above=b"if 1:" + newline if lines[first][:1].isspace() else b"",
        encoding=encoding.removesuffix("-sig"),
    )


def _first_row(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: Sequence[bytes]) -> int:
    """Return the index of a function's first line, its decorators included."""
    if not function.decorator_list:
        return function.lineno - 1
    row = function.decorator_list[0].lineno - 1
    while not lines[row].lstrip().startswith(b"@"):  # the decorator itself may begin on a later line
        row -= 1
    return row


def _parsed(source: bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about string literals, which are not ours
        return ast.parse(source)


def _is_python(source: bytes) -> bool:
    try:
        _parsed(source)
    except (SyntaxError, ValueError):
        return False
    return True


def _definitions(node: ast.AST, path: Sequence[str]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions of this path below a node; not those inside other functions."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if path == [name]:
                    yield child
            case ast.ClassDef(name=name):
                if len(path) > 1 and path[0] == name:
                    yield from _definitions(child, path[1:])
            case ast.stmt() | ast.excepthandler() | ast.match_case():
                yield from _definitions(child, path)
            case _:  # expressions hold no definitions
                pass


def _edited(patch: Patch, excerpt: _Excerpt, scope: str) -> Structure:
    """Return what the patch makes of an excerpt."""
    parsable = excerpt.above + excerpt.text
    config = cst.PartialParserConfig(encoding=excerpt.encoding) if excerpt.encoding else cst.PartialParserConfig()
    module = cst.parse_module(parsable, config)
    try:
        with aside():
            answer = _answer(patch, module, _subject(module) if scope else module)
    except BaseException as error:  # a patch that breaks must not stop the others
        if isinstance(error, KeyboardInterrupt) and current_thread() is main_thread():
            raise
        return Unfamiliar(f"the patch itself breaks on it: {by_edit(error, patch.edit)}")
    new = _spliced(parsable, module.bytes, answer) if isinstance(answer, bytes) else answer
    if not isinstance(new, bytes):
        return new
    return Before(excerpt.before + new.removeprefix(excerpt.above) + excerpt.after)


def _answer(patch: Patch, module: cst.Module, subject: cst.CSTNode) -> bytes | After | Unaffected | Unfamiliar:
    """Return what the patch says of a function or module; for an edit the text of the module with it."""
    match patch.edit(subject):
        case cst.FunctionDef() | cst.Module() as edited if type(edited) is type(subject):
            whole = module.deep_replace(subject, edited)
            assert isinstance(whole, cst.Module)  # noqa: S101 # what is replaced is it, or inside it
            return whole.bytes
        case After() | Unaffected() | Unfamiliar() as answer:
            return answer
        case answer:
            return Unfamiliar(f"the patch returns a {type(answer).__name__} for a {type(subject).__name__}")


def _subject(module: cst.Module) -> cst.CSTNode:
    """Return the only function of a module, or of the block that stands over it."""
    [statement] = module.body
    return statement.body.body[0] if isinstance(statement, cst.If) else statement


def _spliced(source: bytes, written: bytes, edited: bytes) -> bytes | Unfamiliar:
    """Return the source with the bytes exchanged in which `edited` differs from `written`.

    libcst does not write every text back as it was (white space after the last statement, lone carriage returns),
    so only the changed stretch of what it writes is used.
    """
    start = _common(written, edited)
    end = min(_common(written[::-1], edited[::-1]), len(written) - start, len(edited) - start)
    changed = len(written) - end
    if source[:changed] != written[:changed]:
        return Unfamiliar("libcst does not reproduce it byte for byte up to the place of the edit")
    return source[:start] + edited[start : len(edited) - end] + source[changed:]


def _common(one: bytes, other: bytes) -> int:
    """Return the length of the common beginning, found by halving."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
