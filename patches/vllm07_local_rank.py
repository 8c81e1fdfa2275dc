"""Every rank but the first takes a GPU that its process does not see, or one that belongs to another rank.

verl starts vLLM's engines itself, one process a GPU (`external_launcher`), and under Ray each process sees one GPU,
so that its local rank is 0 whatever its rank in the job. vLLM 0.7.0 to 0.7.2 take the rank in the job as the index of
the GPU: rank 1 stops with "CUDA error: invalid device ordinal" and rank 0 waits for it for ever; on the second node
of a job the same happens without Ray. The launcher says which GPU it is in LOCAL_RANK; vLLM reads that from 0.7.3 on.

It is met only where the engine itself spans processes (tensor parallel size 2 or more).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from verl_doctor.patching.patch import After, Example, Patch, Site, Unfamiliar, Untouched

if TYPE_CHECKING:
    import libcst as cst
    import libcst.matchers as m


def edit(function: cst.FunctionDef) -> cst.FunctionDef | After | Unfamiliar:
    """Return the function with the local rank that the launcher tells; whether with a default makes no difference."""
    import libcst as cst
    import libcst.matchers as m

    target, rank = m.Name("local_rank"), m.Name("rank")
    assigned = m.Assign([m.AssignTarget(target)]) | m.AnnAssign(target)
    takes_rank = m.Assign([m.AssignTarget(target)], rank) | m.AnnAssign(target, value=rank)

    key = m.Arg(m.SimpleString(m.MatchRegex("""["']LOCAL_RANK["']$""")), keyword=None)
    os_environ = m.Attribute(m.Name("os"), m.Name("environ"))
    told = m.Subscript(os_environ, [m.SubscriptElement(m.Index(key.value))])
    get = m.Attribute(os_environ, m.Name("get")) | m.Attribute(m.Name("os"), m.Name("getenv"))
    asked = m.Call(get, [key, m.AtMostN(m.Arg(), n=1)])
    number = m.Call(m.Name("int"), [m.Arg(told | asked)])
    right = m.Attribute(m.Name("envs"), m.Name("LOCAL_RANK")) | number

    lines = [line for line in function.body.body if m.matches(line, m.SimpleStatementLine())]
    assignments = [node for line in lines for node in m.findall(line, assigned)]
    assignment = assignments[0] if len(assignments) == 1 == _bindings(function, target) else None
    handed_on = m.findall(function, m.Arg(keyword=target))
    otherwise = m.Arg(m.DoesNotMatch(target), target) | m.SimpleString(m.MatchRegex("""["']local_rank["']"""))
    if assignment is None:
        return Unfamiliar("_init_executor does not assign local_rank exactly once, under no condition")
    if not handed_on or m.findall(function, m.AssignTarget(told) | otherwise):
        return Unfamiliar("_init_executor hands another local rank on, or makes one up")
    if m.matches(assignment, m.Assign(value=right) | m.AnnAssign(value=right)):
        return After()
    if not m.matches(assignment, takes_rank):
        return Unfamiliar("_init_executor takes local_rank from an unknown place")
    if not m.findall(function, os_environ):
        return Unfamiliar("_init_executor does not read the launcher's variables from os.environ")
    value = cst.parse_expression('int(os.environ["LOCAL_RANK"])')
    edited = m.replace(function, takes_rank, lambda node, _: node.with_changes(value=value))
    return edited if isinstance(edited, cst.FunctionDef) else Unfamiliar("_init_executor cannot be edited")


def _bindings(function: cst.FunctionDef, name: m.Name) -> int:
    """Return in how many places a name gets a value, or loses it."""
    import libcst.matchers as m

    holds: m.MatchIfTrue[Any] = m.MatchIfTrue(lambda node: bool(m.findall(node, name)))
    gives = m.AssignTarget(holds) | m.AnnAssign(name) | m.AugAssign(name) | m.NamedExpr(name)
    return len(m.findall(function, gives | m.For(holds) | m.AsName(holds) | m.Del(holds)))


_EXAMPLE = '''\
import os


class Executor:
    def _init_executor(self) -> None:
        rank = 0
        local_rank = rank
        self.start(local_rank=local_rank, rank=rank)


class ExecutorWithExternalLauncher(Executor):
    """One process, one GPU."""

    def _init_executor(self) -> None:
        # the launcher tells
        rank = int(os.environ["RANK"])
ASSIGNMENT
        is_driver_worker = True
        self.start(local_rank=local_rank, rank=rank, is_driver_worker=is_driver_worker)

    def start(self, rank, **others):
        local_rank = rank
        super().start(local_rank, **others)
'''


def _with(assignment: str) -> str:
    return _EXAMPLE.replace("ASSIGNMENT", assignment)


PATCH = Patch(
    id="VDP002",
    name="vllm07-local-rank",
    documentation=__doc__ or "",
    distribution="vllm",
    sites=(
        Site(
            since="0.7.0", file="vllm/executor/uniproc_executor.py", scope="ExecutorWithExternalLauncher._init_executor"
        ),
    ),
    fixed_in="0.7.3",
    upstream=("https://github.com/vllm-project/vllm/issues/12782",),
    trace=re.compile(rb"local_rank (?:[^=\n]|\\\r?\n)* = (?:[\s()\\]|\#[^\n]*\n)* rank\b", re.VERBOSE),
    edit=edit,
    examples=(
        Example(
            name="as published",
            before=_with("        local_rank = rank"),
            after=_with('        local_rank = int(os.environ["LOCAL_RANK"])'),
        ),
        Example(
            name="annotated, with comments",
            before=_with("\n        # which GPU\n        local_rank: int  =  rank  # hm\n"),
            after=_with('\n        # which GPU\n        local_rank: int  =  int(os.environ["LOCAL_RANK"])  # hm\n'),
        ),
        Example(
            name="several statements on the line",
            before=_with("        local_rank = rank; del self.x;"),
            after=_with('        local_rank = int(os.environ["LOCAL_RANK"]); del self.x;'),
        ),
    ),
    untouched=(
        Untouched(
            name="single quotes",
            source=_with("        local_rank = int(os.environ['LOCAL_RANK'])"),
            structure="after",
        ),
        Untouched(
            name="with a default",
            source=_with('        local_rank = int(os.environ.get("LOCAL_RANK", rank))'),
            structure="after",
        ),
        Untouched(
            name="getenv",
            source=_with('        local_rank = int(os.getenv("LOCAL_RANK", "0"))'),
            structure="after",
        ),
        Untouched(
            name="vLLM's own table of variables",
            source=_with("        local_rank = envs.LOCAL_RANK"),
            structure="after",
        ),
        Untouched(
            name="a string, not a number",
            source=_with('        local_rank = os.environ["LOCAL_RANK"]'),
            structure="unfamiliar",
        ),
        Untouched(name="always the first GPU", source=_with("        local_rank = 0"), structure="unfamiliar"),
        Untouched(
            name="another variable",
            source=_with('        local_rank = int(os.environ["OMPI_COMM_WORLD_LOCAL_RANK"])'),
            structure="unfamiliar",
        ),
        Untouched(
            name="counted, not told",
            source=_with("        local_rank = rank % torch.cuda.device_count()"),
            structure="unfamiliar",
        ),
        Untouched(
            name="decided twice",
            source=_with("        local_rank = rank\n        local_rank = 0"),
            structure="unfamiliar",
        ),
        Untouched(
            name="told, and then counted",
            source=_with('        local_rank = int(os.environ["LOCAL_RANK"])\n        local_rank += rank'),
            structure="unfamiliar",
        ),
        Untouched(
            name="told, and the other rank is handed on",
            source=_with('        local_rank = int(os.environ["LOCAL_RANK"])').replace(
                "(local_rank=local_rank, rank=rank, is", "(local_rank=rank, rank=rank, is"
            ),
            structure="unfamiliar",
        ),
        Untouched(
            name="told what was made up before",
            source=_with(
                '        os.environ["LOCAL_RANK"] = str(rank)\n        local_rank = int(os.environ["LOCAL_RANK"])'
            ),
            structure="unfamiliar",
        ),
        Untouched(
            name="told under a condition",
            source=_with('        if self.is_told:\n            local_rank = int(os.environ["LOCAL_RANK"])'),
            structure="unfamiliar",
        ),
        Untouched(
            name="told in passing",
            source=_with("        local_rank, size = rank, 1"),
            structure="unfamiliar",
        ),
        Untouched(
            name="no such class",
            source="class UniProcExecutor:\n    def _init_executor(self):\n        local_rank = 0\n",
            structure="unfamiliar",
        ),
    ),
)
