"""Takes a function out of a module's source, to run it without importing the module."""

from __future__ import annotations
import __future__

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def take(file: Path, name: str, stand_ins: Mapping[str, object]) -> Any:
    """Return a function, class or method (dotted) of a module as it stands in the file, among stand-ins.

    The rest of the module is not run, so nothing that it imports is needed; annotations stay text for the
    same reason.
    """
    body, nodes = ast.parse(file.read_bytes()).body, list[ast.stmt]()
    for part in name.split("."):
        nodes = [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == part]
        body = getattr(nodes[0], "body", []) if nodes else []
        if len(nodes) != 1:
            raise LookupError(f"{file} defines {name} {len(nodes)} times")
    flags = __future__.annotations.compiler_flag
    code = compile(ast.Module(nodes, []), str(file), "exec", flags=flags, dont_inherit=True)
    namespace = dict(stand_ins)
    exec(code, namespace)  # noqa: S102  # running the real function is the point
    return namespace[name.rpartition(".")[2]]
