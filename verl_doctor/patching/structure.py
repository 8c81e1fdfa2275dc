"""Looking at a source with libcst: finds the function a patch is about, and edits nothing but it."""

from __future__ import annotations

from functools import lru_cache

import libcst as cst

from verl_doctor.patching.patch import After, Before, Patch, Structure, Unfamiliar


@lru_cache(maxsize=32)
def examine(patch: Patch, source: bytes) -> Structure:
    """Return what the patch finds in a file's content; remembered, as a run asks again under the lock."""
    try:
        module = cst.parse_module(source)
    except (cst.ParserSyntaxError, SyntaxError, UnicodeError, LookupError) as error:  # the last: an unknown encoding
        return Unfamiliar(f"it cannot be parsed as Python: {_first_line(error)}")
    scope = _Scope(patch)
    edited = module.visit(scope)
    if len(scope.answers) != 1:
        found = "has no" if not scope.answers else "defines more than one"
        return Unfamiliar(f"it {found} {patch.scope}")
    match scope.answers[0]:
        case After() | Unfamiliar() as answer:
            return answer
        case _:
            return _spliced(source, module.bytes, edited.bytes)


class _Scope(cst.CSTTransformer):
    """Hands the function named by a patch's scope to its edit; skips everything else unseen."""

    def __init__(self, patch: Patch) -> None:
        super().__init__()
        self._edit = patch.edit
        self._path = patch.scope.split(".")
        self._inside: list[str] = []
        self.answers: list[cst.FunctionDef | After | Unfamiliar] = []

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:  # noqa: N802 # libcst's name
        del node
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:  # noqa: N802 # libcst's name
        self._inside.append(node.name.value)
        return self._inside == self._path[: len(self._inside)]

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:  # noqa: N802 # libcst's name
        del original_node
        self._inside.pop()
        return updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802 # libcst's name
        del node
        return False

    def leave_FunctionDef(  # noqa: N802 # libcst's name
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        if [*self._inside, original_node.name.value] != self._path:
            return updated_node
        answer = self._edit(original_node)
        self.answers.append(answer)
        return answer if isinstance(answer, cst.FunctionDef) else updated_node


def _spliced(source: bytes, written: bytes, edited: bytes) -> Structure:
    """Return the source with the bytes exchanged in which `edited` differs from `written`.

    libcst does not write every file back as it was (white space after the last statement, lone carriage
    returns), so only the changed stretch of what it writes is used.
    """
    start = _common(written, edited)
    end = min(_common(written[::-1], edited[::-1]), len(written) - start, len(edited) - start)
    changed = len(written) - end
    if source[:changed] != written[:changed]:
        return Unfamiliar("libcst does not reproduce it byte for byte up to the place of the edit")
    return Before(source[:start] + edited[start : len(edited) - end] + source[changed:])


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
