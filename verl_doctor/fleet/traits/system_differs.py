"""Nodes have different systems, C libraries, compilers or CUDA toolkits.

Wheels and compiled kernels ask for a C library that is new enough; Triton and vLLM compile at run time with the node's
compiler and toolkit. A node with other ones can fail, or compile something else, where its neighbours work. Use one
image for all nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.compiler import Compiler
from verl_doctor.facts.node import Node
from verl_doctor.facts.toolkit import Toolkit
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD838"
NAME: Final = "system-differs"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.NODE
WHY: Final = "What is loaded and compiled at run time depends on them, so one node can fail where its neighbours work."
CURE: Final = "Give the others the image of most nodes."
ABSENT: Final = "none"
SOURCES: Final[tuple[Source, ...]] = ()


def observe(node: Node, toolkit: Toolkit, compiler: Compiler) -> Iterator[Observed]:
    """Yield the system, what it is built of, and what compiles on it."""
    yield "system", node.system
    yield "C library", node.libc or "not told"
    yield "kernel", node.kernel
    yield "container", node.container or "none"
    yield "CUDA toolkit", toolkit.version or "none"
    yield "C compiler", compiler.cc or "none"
    yield "Python.h", "there" if compiler.python_h else "none"
