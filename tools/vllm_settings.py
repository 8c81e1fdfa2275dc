"""What a release of vLLM can be told: fields of its engine's arguments, options of `vllm serve`, variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from verl_doctor.releases.index import Index
from verl_doctor.releases.wheel import open_wheel

ENGINE = "vllm/engine/arg_utils.py"
CLASSES = ("EngineArgs", "AsyncEngineArgs", "FrontendArgs", "BaseFrontendArgs")
_VARIABLE = re.compile(rb"(?<![A-Za-z0-9_])VLLM_[A-Z0-9_]*[A-Z0-9](?![A-Za-z0-9_])")
_OPTION = re.compile(r"--[a-z0-9][a-z0-9-]*")
_SERVER = re.compile(r"vllm/(entrypoints|engine|utils|benchmarks)/.*\.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Names that a release understands."""

    engine: frozenset[str]
    options: frozenset[str]
    variables: frozenset[str]


def read(index: Index, version: str) -> Told:
    """Return what a published release understands; every Python file of its wheel is looked at, none is kept."""
    with open_wheel(index, "vllm", version) as wheel:
        names = [n for n in wheel.archive.namelist() if n.startswith("vllm/") and n.endswith(".py")]
        return told(wheel.read(names))


def told(files: Mapping[str, bytes]) -> Told:
    """Return what the Python files of a release understand.

    An option is known where any file of the server defines it, a variable where any file at all names it: only what a
    release does not even mention is certain to do nothing.
    """
    trees = {name: ast.parse(content) for name, content in files.items() if _SERVER.fullmatch(name)}
    engine = frozenset(_fields(trees[ENGINE], CLASSES[:2]))
    front = frozenset(field for tree in trees.values() for field in _fields(tree, CLASSES[2:]))
    written = {option[2:] for tree in trees.values() for option in _options(tree)}
    options = (written | {field.replace("_", "-") for field in front}) - {field.replace("_", "-") for field in engine}
    variables = {each.decode() for content in files.values() for each in _VARIABLE.findall(content)}
    return Told(engine=engine, options=frozenset(options), variables=frozenset(variables))


def _fields(tree: ast.Module, classes: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in classes:
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    yield line.target.id


def _options(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield from _OPTION.findall(argument.value.replace("_", "-"))[:1]
