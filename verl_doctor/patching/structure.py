"""Looking at a source with libcst: finds the function a patch is about, and edits nothing but it."""

from __future__ import annotations

from functools import lru_cache

import libcst as cst

from verl_doctor.patching.patch import After, Before, Patch, Structure, Unaffected, Unfamiliar


@lru_cache(maxsize=32)
def examine(patch: Patch, source: bytes, version: str | None = None) -> Structure:
    """Return what the patch finds in the content of its file in a release, the first by default.

    The answer is remembered, as a run asks again under the lock.
    """
    try:
        module = cst.parse_module(source)
    except (cst.ParserSyntaxError, SyntaxError, UnicodeError, LookupError) as error:  # the last: an unknown encoding
        return Unfamiliar(f"it cannot be parsed as Python: {_first_line(error)}")
    match _edited(patch, patch.site(version).scope, module):
        case cst.Module() as edited:
            return _spliced(source, module.bytes, edited.bytes)
        case answer:
            return answer


def _edited(patch: Patch, scope: str, module: cst.Module) -> cst.Module | After | Unaffected | Unfamiliar:
    """Return the module with the patch's edit in the function that the scope names, or what it says instead."""
    if not scope:
        whole = patch.edit(module)
        return Unfamiliar("the patch returns no module") if isinstance(whole, cst.FunctionDef) else whole
    visitor = _Scope(patch, scope)
    edited = module.visit(visitor)
    if len(visitor.answers) != 1:
        found = "has no" if not visitor.answers else "defines more than one"
        return Unfamiliar(f"it {found} {scope}")
    [answer] = visitor.answers
    return edited if isinstance(answer, cst.FunctionDef | cst.Module) else answer


class _Scope(cst.CSTTransformer):
    """Hands the function that a scope names to the patch's edit; skips everything else unseen."""

    def __init__(self, patch: Patch, scope: str) -> None:
        super().__init__()
        self._edit = patch.edit
        self._path = scope.split(".")
        self._inside: list[str] = []
        self.answers: list[cst.FunctionDef | cst.Module | After | Unaffected | Unfamiliar] = []

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
