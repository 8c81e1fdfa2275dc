"""Taking `torch.cuda.empty_cache()` out of a function that yields weights: vLLM and SGLang have the bug in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verl_doctor.patching.patch import After, Unfamiliar

if TYPE_CHECKING:
    import libcst as cst


def without_empty_cache(function: cst.FunctionDef) -> cst.FunctionDef | After | Unfamiliar:
    """Return the function without the call, wherever it stands on the straight way through the loop.

    Other calls whose name says that they empty a cache are unfamiliar; those of another name are not looked into.
    """
    import libcst.matchers as m

    from verl_doctor.patching.statements import without

    empty_cache = m.Attribute(m.Attribute(m.Name("torch"), m.Name("cuda")), m.Name("empty_cache"))
    call = m.Expr(m.Call(empty_cache, []))
    name = function.name.value

    word = r"\w*(?:empty|clear|free|release)\w*cache\w*"
    named = m.Name(m.MatchRegex(f"(?i){word}")) | m.SimpleString(m.MatchRegex(f"(?i)[\"']{word}[\"']"))

    def empties(part: cst.FunctionDef) -> bool:
        return bool(m.findall(part, named))

    if not m.findall(function, m.Yield()):
        return Unfamiliar(f"{name} yields nothing")
    if not empties(function):
        return After()
    edited = without(function, lambda statement: m.matches(statement, call))
    if empties(edited):
        return Unfamiliar(f"{name} empties the cache in an unknown way")
    return edited
