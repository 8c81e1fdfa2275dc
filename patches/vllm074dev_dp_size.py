"""Nightly builds of vLLM 0.7.4 stop where the world is larger than tensor parallel times pipeline parallel size.

verl makes the rollout engine in the processes that train, and several engines share them: 8 processes with tensor
parallel size 2 are four engines. From 22 February to 18 March 2025 vLLM laid out the ranks as data parallel times
pipeline parallel times tensor parallel, with the data parallel size of one engine's configuration, which is 1:
"RuntimeError: shape '[1, 1, 2]' is invalid for input of size 8". No release has it, only builds of a commit, such
as 2275784, which verl's documentation names.

The data parallel size becomes what the other two leave of the world, as verl's documentation says; where vLLM itself
runs data parallel, that is the number in its configuration. vLLM counts the engines around it from 0.8.0 on.

0.8.0 also cured what this patch does not: builds since 26 February 2025 take the rank in the world for the stage of a
pipeline ("IndexError: list index out of range" in get_pp_indices), and builds since 5 March 2025 spread the experts of
a MoE model over all engines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

from verl_doctor.patching.patch import After, Example, Patch, Site, Unaffected, Unfamiliar, Untouched

if TYPE_CHECKING:
    import libcst as cst
    import libcst.matchers as m

_QUOTIENT = "world_size // pipeline_model_parallel_size // tensor_model_parallel_size"


def edit(function: cst.FunctionDef) -> cst.FunctionDef | After | Unaffected | Unfamiliar:
    """Return the function with the quotient in place of the configured size."""
    import libcst as cst
    import libcst.matchers as m

    size, world = m.Name("data_parallel_size"), m.Name("world_size")
    if _counts_engines(function):
        return Unaffected()
    pipeline, tensor = m.Name("pipeline_model_parallel_size"), m.Name("tensor_model_parallel_size")
    layout = m.Call(_reshape(), [m.Arg(size), m.Arg(pipeline), m.Arg(tensor)])
    if len(m.findall(function, layout)) != 1:
        return Unfamiliar("initialize_model_parallel lays out the ranks in an unknown way")

    above = takewhile(lambda statement: not m.findall(statement, layout), function.body.body)
    straight = list(_straight(above))
    count = m.Assign([m.AssignTarget(world)]) | m.AnnAssign(world)
    counted = [n for n, statement in enumerate(straight) if m.matches(statement, count)]
    decision = m.Assign([m.AssignTarget(size)])
    decided = [n for n, statement in enumerate(straight) if m.matches(statement, decision)]
    is_certain = len(decided) == len(m.findall(function, _binding(size))) and counted and decided
    if not is_certain or counted[-1] > decided[-1]:
        return Unfamiliar("initialize_model_parallel decides on data_parallel_size in an unknown way")

    value = cst.ensure_type(straight[decided[-1]], cst.Assign).value
    if m.matches(value, _quotient(world, pipeline, tensor)):
        return After()
    if not m.matches(value, m.Attribute(m.Attribute(attr=m.Name("parallel_config")), size)):
        return Unfamiliar("initialize_model_parallel takes data_parallel_size from an unknown place")
    quotient = cst.parse_expression(_QUOTIENT)
    edited = function.deep_replace(value, quotient.with_changes(lpar=value.lpar, rpar=value.rpar))
    return cst.ensure_type(edited, cst.FunctionDef)


def _reshape() -> m.Attribute:
    """Return what is called to lay out all ranks."""
    import libcst.matchers as m

    ranks = m.Call(m.Attribute(m.Name("torch"), m.Name("arange")), [m.Arg(m.Name("world_size"))])
    return m.Attribute(ranks, m.Name("reshape"))


def _counts_engines(function: cst.FunctionDef) -> bool:
    """Say whether the code leaves room for other engines.

    It lays out no ranks at all, or with a free dimension, or divides the world by the other two sizes where the world
    is not that of the engine.
    """
    import libcst.matchers as m

    world, size = m.Name("world_size"), m.Name("data_parallel_size")
    layouts = m.findall(function, m.Call(_reshape()))
    if not m.findall(function, size) and not layouts:
        return True
    free = m.Arg(m.UnaryOperation(m.Minus(), m.Integer("1")))
    if layouts and all(m.matches(layout, m.Call(args=[free, m.AtLeastN(n=1)])) for layout in layouts):
        return True
    engine = m.Attribute(m.Attribute(attr=m.Name("parallel_config")), world)
    compared = m.Comparison(engine, [m.ComparisonTarget(m.NotEqual(), world)])
    quotient = _quotient(world, m.Name("pipeline_model_parallel_size"), m.Name("tensor_model_parallel_size"))
    divides = m.SimpleStatementLine([m.Assign([m.AssignTarget(size)], quotient)])
    return bool(m.findall(function, m.If(compared, m.IndentedBlock([divides, m.ZeroOrMore()]))))


def _straight(statements: Iterable[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """Yield the small statements that are run whenever there is a configuration."""
    import libcst as cst
    import libcst.matchers as m

    is_there = m.Comparison(m.Name(), [m.ComparisonTarget(m.IsNot(), m.Name("None"))])
    for statement in statements:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from statement.body
        elif m.matches(statement, m.If(test=is_there)):
            yield from _straight(cst.ensure_type(statement, cst.If).body.body)


def _binding(name: m.Name) -> m.OneOf[m.AssignTarget | m.AnnAssign | m.AugAssign | m.NamedExpr]:
    """Match whatever gives a name a value."""
    import libcst.matchers as m

    holds: m.MatchIfTrue[cst.BaseAssignTargetExpression] = m.MatchIfTrue(lambda node: bool(m.findall(node, name)))
    return m.OneOf(m.AssignTarget(holds), m.AnnAssign(name), m.AugAssign(name), m.NamedExpr(name))


def _quotient(world: m.Name, pipeline: m.Name, tensor: m.Name) -> m.OneOf[m.BinaryOperation]:
    """Match the world divided by both sizes."""
    import libcst.matchers as m

    def divided(number: m.Name | m.BinaryOperation, by: m.Name | m.BinaryOperation) -> m.BinaryOperation:
        return m.BinaryOperation(number, m.FloorDivide(), by)

    return m.OneOf(
        divided(divided(world, pipeline), tensor),
        divided(divided(world, tensor), pipeline),
        divided(world, m.BinaryOperation(pipeline, m.Multiply(), tensor)),
        divided(world, m.BinaryOperation(tensor, m.Multiply(), pipeline)),
    )


_EXAMPLE = '''\
import torch

from somewhere import current_config, init_group


def data_parallel(config):
    data_parallel_size = config.parallel_config.data_parallel_size
    return data_parallel_size


def initialize_model_parallel(
    tensor_model_parallel_size: int = 1,
    pipeline_model_parallel_size: int = 1,
) -> None:
    """Make the groups."""
    # How many ranks are there?
    world_size: int = torch.distributed.get_world_size()
DECISION
    # one layout for all groups
    all_ranks = torch.arange(world_size).reshape(
        data_parallel_size, pipeline_model_parallel_size,
        tensor_model_parallel_size)  # noqa
    init_group(all_ranks.view(-1, tensor_model_parallel_size).unbind(0))
    init_group(all_ranks.transpose(0, 2).reshape(-1, data_parallel_size).unbind(0))
'''

_CONFIGURED = "config.parallel_config.data_parallel_size"
_DECISION = f"""
    data_parallel_size = 1
    from vllm.config import get_current_vllm_config
    config = get_current_vllm_config()
    if config is not None:
        data_parallel_size = {_CONFIGURED}

"""
_COMPARISON = """\
    if current_config().parallel_config.world_size != world_size:
        print("several engines")
"""
_ONE_LINE = "reshape(data_parallel_size, pipeline_model_parallel_size, tensor_model_parallel_size)"
_LAYOUT = _EXAMPLE[_EXAMPLE.index("reshape(\n") : _EXAMPLE.index("  # noqa")]


def _with(decision: str, layout: str = _LAYOUT) -> str:
    return _EXAMPLE.replace("DECISION\n", decision).replace(_LAYOUT, layout)


PATCH = Patch(
    id="VDP006",
    name="vllm074dev-dp-size",
    documentation=__doc__ or "",
    distribution="vllm",
    sites=(Site(since="0.7.4.dev0", file="vllm/distributed/parallel_state.py", scope="initialize_model_parallel"),),
    fixed_in="0.8.0",
    upstream=(
        "https://github.com/verl-project/verl/issues/513",
        "https://github.com/hiyouga/EasyR1/issues/82",
        "https://github.com/vllm-project/vllm/pull/14899",
    ),
    trace=re.compile(rb"\breshape (?:[\s()\\]|\#[^\n]*\n)* data_parallel_size\b", re.VERBOSE),
    edit=edit,
    examples=(
        Example(
            name="as built from commit 2275784",
            before=_with(_DECISION),
            after=_with(_DECISION.replace(_CONFIGURED, _QUOTIENT)),
        ),
        Example(
            name="without a condition, with comments",
            before=_with(f"    data_parallel_size = (  # of all\n        {_CONFIGURED})  # hm\n"),
            after=_with(f"    data_parallel_size = (  # of all\n        {_QUOTIENT})  # hm\n"),
        ),
        Example(
            name="several statements on the line, the layout on one",
            before=_with(
                f"    config = current_config(); data_parallel_size = {_CONFIGURED}; del config;\n", _ONE_LINE
            ),
            after=_with(f"    config = current_config(); data_parallel_size = {_QUOTIENT}; del config;\n", _ONE_LINE),
        ),
        Example(
            name="the size of the engine is compared, and nothing follows",
            before=_with(_COMPARISON + _DECISION),
            after=_with(_COMPARISON + _DECISION.replace(_CONFIGURED, _QUOTIENT)),
        ),
    ),
    untouched=(
        Untouched(
            name="as verl's documentation inserts it",
            source=_with(f"{_DECISION}    data_parallel_size = {_QUOTIENT}\n"),
            structure="after",
        ),
        *(
            Untouched(name=quotient, source=_with(f"    data_parallel_size = {quotient}\n"), structure="after")
            for quotient in (
                "world_size // tensor_model_parallel_size // pipeline_model_parallel_size",
                "world_size // (tensor_model_parallel_size * pipeline_model_parallel_size)",
                "(world_size // (pipeline_model_parallel_size *\n        tensor_model_parallel_size))",
            )
        ),
        Untouched(
            name="the size of the engine is compared (0.8.0, 0.8.1)",
            source=_with("""\
    data_parallel_size = 1
    config = current_config()
    if config is not None:
        if config.parallel_config.world_size != world_size:
            data_parallel_size = world_size // (pipeline_model_parallel_size * tensor_model_parallel_size)
        else:
            data_parallel_size = config.parallel_config.data_parallel_size
"""),
            structure="unaffected",
        ),
        Untouched(
            name="the first dimension is free (0.8.2)",
            source=_with(_DECISION, _LAYOUT.replace("(", "(-1, ")),
            structure="unaffected",
        ),
        Untouched(
            name="no data parallelism (0.7.3)",
            source=_with("", "reshape(-1, pipeline_model_parallel_size, tensor_model_parallel_size)").replace(
                "reshape(-1, data_parallel_size)", "reshape(-1)"
            ),
            structure="unaffected",
        ),
        Untouched(
            name="the size of the engine is compared, and another decided",
            source=_with("""\
    data_parallel_size = current_config().parallel_config.data_parallel_size
    if current_config().parallel_config.world_size != world_size:
        data_parallel_size = 1
"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="the configured size under another name",
            source=_with(
                "    size = config.parallel_config.dp_size\n", _ONE_LINE.replace("data_parallel_", "")
            ).replace("data_parallel_size", "dp_size"),
            structure="unfamiliar",
        ),
        Untouched(
            name="the quotient under a condition of its own",
            source=_with(f"{_DECISION}    if FORCE:\n        data_parallel_size = {_QUOTIENT}\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="two branches",
            source=_with(_DECISION.replace("\n\n", "\n    else:\n        data_parallel_size = 2\n")),
            structure="unfamiliar",
        ),
        Untouched(
            name="another quotient",
            source=_with("    data_parallel_size = world_size // tensor_model_parallel_size\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="of another configuration",
            source=_with("    data_parallel_size = scheduler.data_parallel_size\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="from the environment",
            source=_with('    data_parallel_size = int(os.environ["VLLM_DP_SIZE"])\n'),
            structure="unfamiliar",
        ),
        Untouched(
            name="decided in passing",
            source=_with(f"    data_parallel_size, rank = {_CONFIGURED}, 0\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="a parameter",
            source=_with("").replace("(\n    tensor", "(\n    data_parallel_size,\n    tensor"),
            structure="unfamiliar",
        ),
        Untouched(
            name="decided before the world is counted",
            source=_with("").replace("    # How many", f"    data_parallel_size = {_CONFIGURED}\n    # How many"),
            structure="unfamiliar",
        ),
        Untouched(
            name="another layout",
            source=_with(_DECISION, "reshape(data_parallel_size, tensor_model_parallel_size)"),
            structure="unfamiliar",
        ),
        Untouched(name="no such function", source="data_parallel_size = 1\n", structure="unfamiliar"),
    ),
)
