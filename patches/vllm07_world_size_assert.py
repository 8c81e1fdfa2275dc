"""vLLM refuses to start where the world is larger than tensor parallel times pipeline parallel size.

verl places the rollout engine in the processes that train: `torch.distributed` is already initialised with all ranks
of the job (FSDP did that) when the engine is made, and the engine's own parallel size is usually smaller, because
several engines share the work. vLLM 0.7.0 to 0.7.2 compare the two numbers and stop with
"world_size (2) is not equal to tensor_model_parallel_size (1) x pipeline_model_parallel_size (1)" on every rank.

The groups that are built after the check are right for any world that is a multiple of the engine's size, so the check
goes and nothing else changes. vLLM did the same in 0.7.3.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from verl_doctor.patching.patch import After, Example, Patch, Site, Unfamiliar, Untouched

if TYPE_CHECKING:
    import libcst as cst


def edit(function: cst.FunctionDef) -> cst.FunctionDef | After | Unfamiliar:
    """Return the function without the `if` that raises; one that only warns or assigns does no harm."""
    import libcst.matchers as m

    from verl_doctor.patching.statements import without

    world = m.Name("world_size")
    tensor, pipeline = m.Name("tensor_model_parallel_size"), m.Name("pipeline_model_parallel_size")
    times = m.Multiply()
    product = m.BinaryOperation(tensor, times, pipeline) | m.BinaryOperation(pipeline, times, tensor)
    world_first = m.Comparison(world, [m.ComparisonTarget(m.NotEqual(), product)])
    product_first = m.Comparison(product, [m.ComparisonTarget(m.NotEqual(), world)])
    raises = m.IndentedBlock([m.SimpleStatementLine([m.Raise()])]) | m.SimpleStatementSuite([m.Raise()])
    check = m.If(test=world_first | product_first, body=raises, orelse=None)

    if not m.findall(function, m.AssignTarget(world) | m.AnnAssign(target=world)):
        return Unfamiliar("initialize_model_parallel does not compute world_size")
    if not _may_stop(function):
        return After()
    edited = without(function, lambda statement: m.matches(statement, check))
    if _may_stop(edited):
        return Unfamiliar("initialize_model_parallel may stop because of world_size in an unknown way")
    return edited


def _may_stop(function: cst.FunctionDef) -> bool:
    """Say whether world_size decides anything but what is said and assigned, or is handed to what may only check it."""
    import libcst as cst
    import libcst.matchers as m

    from verl_doctor.patching.computed import computed_from

    groups = {cst.ensure_type(item, cst.NameItem).name.value for item in m.findall(function, m.NameItem())}
    numbers = computed_from(function, {"world_size", "get_world_size"}) - groups  # `global`: the groups themselves
    world = m.Name(m.MatchIfTrue(numbers.__contains__))
    mentions: m.MatchIfTrue[cst.BaseExpression] = m.MatchIfTrue(lambda node: bool(m.findall(node, world)))
    speaks = m.Call(m.Attribute(m.Name("logger") | m.Name("warnings")) | m.Name("print"))
    collects = m.Call(m.Attribute(attr=m.Name("append") | m.Name("extend")))
    stops = m.Raise() | m.Assert() | m.Return()

    def is_harmless(decision: cst.CSTNode) -> bool:
        if not isinstance(decision, cst.If):
            return False
        branches = [decision.body, *([decision.orelse] if decision.orelse else [])]
        called = [call for branch in branches for call in m.findall(branch, m.Call())]
        return all(m.matches(call, speaks) for call in called) and not any(m.findall(each, stops) for each in branches)

    decides = m.If(mentions) | m.Assert(mentions) | m.While(mentions) | m.Match(mentions)
    alone = [cst.ensure_type(node, cst.Expr).value for node in m.findall(function, m.Expr(mentions))]
    is_checked = any(not m.matches(value, speaks | collects) for value in alone)
    return is_checked or not all(map(is_harmless, m.findall(function, decides)))


_EXAMPLE = '''\
import torch

from somewhere import init_model_parallel_group


def initialize_model_parallel(
    tensor_model_parallel_size: int = 1,
    pipeline_model_parallel_size: int = 1,
) -> None:
    """Make the groups."""
    # How many ranks are there?
    world_size: int = torch.distributed.get_world_size()
CHECK
    # The groups of tensor parallel ranks.
    groups: int = world_size // tensor_model_parallel_size
    for group in range(groups):
        init_model_parallel_group(group)


def destroy(world_size, tensor_model_parallel_size, pipeline_model_parallel_size):
    if world_size != tensor_model_parallel_size * pipeline_model_parallel_size:
        raise RuntimeError("this is another function")
'''


def _with(check: str) -> str:
    return _EXAMPLE.replace("CHECK\n", check)


PATCH = Patch(
    id="VDP001",
    name="vllm07-world-size-assert",
    documentation=__doc__ or "",
    distribution="vllm",
    sites=(Site(since="0.7.0", file="vllm/distributed/parallel_state.py", scope="initialize_model_parallel"),),
    fixed_in="0.7.3",
    upstream=(
        "https://github.com/vllm-project/vllm/issues/12782",
        "https://github.com/vllm-project/vllm/pull/12824",
    ),
    trace=re.compile(rb"world_size (?:[\s()\\]|\#[^\n]*\n)* != | != (?:[\s()\\]|\#[^\n]*\n)* world_size", re.VERBOSE),
    edit=edit,
    examples=(
        Example(
            name="operator at the end of the line (0.7.0)",
            before=_with("""
    if (world_size !=
            tensor_model_parallel_size * pipeline_model_parallel_size):
        raise RuntimeError(f"{world_size} ranks")

"""),
            after=_with("\n"),
        ),
        Example(
            name="operator at the beginning of the line (0.7.1, 0.7.2)",
            before=_with("""
    if (world_size
            != tensor_model_parallel_size * pipeline_model_parallel_size):
        raise RuntimeError(
            f"{world_size} ranks")

"""),
            after=_with("\n"),
        ),
        Example(
            name="one line, sides and factors exchanged",
            before=_with("""\
    if pipeline_model_parallel_size * tensor_model_parallel_size != world_size: raise RuntimeError
"""),
            after=_with(""),
        ),
        Example(
            name="comments above stay, comments inside go",
            before=_with("""
    # Every rank takes part.

    # Nobody is left out.
    if (world_size  # all of them
            # and now the engine's
            != tensor_model_parallel_size * pipeline_model_parallel_size):  # strange
        # stop
        raise RuntimeError(
            "ranks"  # is all we say
        )
        # never reached

"""),
            after=_with("""
    # Every rank takes part.

    # Nobody is left out.

"""),
        ),
    ),
    untouched=(
        Untouched(name="the check is a comment", source=_with("    # if world_size != 1: raise\n"), structure="after"),
        Untouched(
            name="the check does nothing",
            source=_with("""
    if world_size != tensor_model_parallel_size * pipeline_model_parallel_size:
        pass  # for verl

"""),
            structure="after",
        ),
        Untouched(
            name="the check only warns",
            source=_with("""
    if world_size != tensor_model_parallel_size * pipeline_model_parallel_size:
        logger.warning("%d ranks", world_size)

"""),
            structure="after",
        ),
        Untouched(
            name="the check is an assertion",
            source=_with("    assert world_size == tensor_model_parallel_size * pipeline_model_parallel_size\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="the check got an escape",
            source=_with("""
    if FORCE and world_size != tensor_model_parallel_size * pipeline_model_parallel_size:
        raise RuntimeError("ranks")

"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="the check does more than raise",
            source=_with("""
    if world_size != tensor_model_parallel_size * pipeline_model_parallel_size:
        world_size = tensor_model_parallel_size
        raise RuntimeError("ranks")

"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="the product has a name",
            source=_with("""
    expected = tensor_model_parallel_size * pipeline_model_parallel_size
    if world_size != expected:
        raise RuntimeError("ranks")

"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="the comparison has a name",
            source=_with("""
    rest = world_size - tensor_model_parallel_size * pipeline_model_parallel_size
    if rest:
        raise RuntimeError("ranks")

"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="the number is asked for again",
            source=_with("    assert torch.distributed.get_world_size() == tensor_model_parallel_size\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="a function checks it",
            source=_with("    check(world_size, tensor_model_parallel_size * pipeline_model_parallel_size)\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="another size is decided (0.8.0)",
            source=_with("""
    if config.parallel_config.world_size != world_size:
        engines = world_size // tensor_model_parallel_size
    else:
        engines = 1

"""),
            structure="after",
        ),
        Untouched(
            name="the product has a name",
            source=_with("""
    expected = tensor_model_parallel_size * pipeline_model_parallel_size
    if world_size != expected:
        raise RuntimeError("ranks")

"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="the comparison has a name",
            source=_with("""
    rest = world_size - tensor_model_parallel_size * pipeline_model_parallel_size
    if rest:
        raise RuntimeError("ranks")

"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="the number is asked for again",
            source=_with("    assert torch.distributed.get_world_size() == tensor_model_parallel_size\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="another branch raises",
            source=_with("""
    if world_size == tensor_model_parallel_size * pipeline_model_parallel_size:
        pass
    else:
        raise RuntimeError("ranks")

"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="a function checks it",
            source=_with("    check(world_size, tensor_model_parallel_size * pipeline_model_parallel_size)\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="another function of that name",
            source="def initialize_model_parallel():\n    return None\n",
            structure="unfamiliar",
        ),
        Untouched(name="no such function", source="world_size != 1\n", structure="unfamiliar"),
        Untouched(name="no Python", source="def initialize_model_parallel(:\n", structure="unfamiliar"),
    ),
)
