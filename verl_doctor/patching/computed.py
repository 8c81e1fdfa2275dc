"""Which names of a function hold something computed from others, for patches that ask what a condition depends on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst
import libcst.matchers as m


def computed_from(function: cst.FunctionDef, names: Iterable[str]) -> frozenset[str]:
    """Return these names and all that an assignment computes from them, directly or by way of others."""
    assigned = [(set(_names(target)), set(_names(value))) for target, value in _assignments(function)]
    found = frozenset(names)
    while True:
        more = found.union(*(targets for targets, values in assigned if values & found))
        if more == found:
            return found
        found = more


def _assignments(function: cst.FunctionDef) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Yield each target with what is assigned to it."""
    for node in m.findall(function, m.Assign() | m.AnnAssign() | m.AugAssign() | m.NamedExpr()):
        match node:
            case cst.Assign(targets=targets, value=value):
                yield from ((target.target, value) for target in targets)
            case cst.AnnAssign(target=target, value=cst.BaseExpression() as value) | cst.NamedExpr(target, value):
                yield target, value
            case cst.AugAssign(target=target, value=value):
                yield target, value
            case _:  # an annotation without a value
                pass


def _names(node: cst.CSTNode) -> Iterator[str]:
    return (cst.ensure_type(name, cst.Name).value for name in m.findall(node, m.Name()))
