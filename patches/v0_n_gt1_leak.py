"""With n above 1, vLLM's V0 engine keeps every finished sample for ever.

GRPO samples several answers to each prompt, and verl before 0.5 passes that number to vLLM as `n`. The V0 engine
registers each of the n samples under its own request id in `seq_id_to_seq_group`, with the prompt and all tokens behind
it, and nothing takes it out when it has finished. The node's memory grows with every training step, and generation
is now and then much slower than before; after hours Ray reports "Workers (tasks / actors) killed due to memory
pressure".

The engine learns in each step which requests have finished; now it forgets those samples there. vLLM does the
same from 0.8.0 on, whose torch most environments of 0.7 cannot take.

The V0 engine has a second way to step, `step_async` of its asynchronous class, which is not patched: verl never takes
it. Its asynchronous rollout, which came with 0.4.0, runs the V1 engine.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from verl_doctor.patching.patch import After, Example, Patch, Site, Unfamiliar, Untouched

if TYPE_CHECKING:
    import libcst as cst
    import libcst.matchers as m


def edit(function: cst.FunctionDef) -> cst.FunctionDef | After | Unfamiliar:
    """Return the function that forgets finished samples where it is told which requests have finished."""
    import libcst as cst
    import libcst.matchers as m

    from verl_doctor.patching.statements import followed_by

    asks = m.Call(m.Attribute(attr=m.Name("get_and_reset_finished_requests_ids")), [])
    told = m.SimpleStatementLine([m.Assign([m.AssignTarget(m.Name("finished_requests_ids"))], asks)])

    if len(m.findall(function, asks)) != 1 or len(m.findall(function, told)) != 1:
        return Unfamiliar("step does not take the ids of finished requests exactly once, in a statement of its own")
    registry = m.Name("seq_id_to_seq_group")
    named = m.findall(function, registry)
    if not named:
        return followed_by(function, lambda statement: m.matches(statement, told), _FORGET)
    blocks = [cst.ensure_type(block, cst.IndentedBlock).body for block in m.findall(function, m.IndentedBlock())]
    pairs = [pair for block in blocks for pair in pairwise(block)]
    forgets = [after for before, after in pairs if m.matches(before, told) and _forgets(after)]
    if len(forgets) == 1 and len(named) == len(m.findall(forgets[0], registry)):
        return After()
    return Unfamiliar(
        "step does not only forget finished requests in seq_id_to_seq_group, right where it learns of them"
    )


def _forgets(statement: cst.CSTNode) -> bool:
    """Say whether a statement takes each finished request out of the registry, and does nothing else."""
    import libcst as cst
    import libcst.matchers as m

    if not isinstance(statement, cst.For) or not isinstance(statement.target, cst.Name):
        return False
    each, registry = m.Name(statement.target.value), m.Attribute(m.Name("self"), m.Name("seq_id_to_seq_group"))
    delete = m.Del(m.Subscript(registry, [m.SubscriptElement(m.Index(each))]))
    pop = m.Attribute(registry, m.Name("pop"))
    popped, safely = m.Call(pop, [m.Arg(each)]), m.Call(pop, [m.Arg(each), m.Arg(m.Name("None"))])
    is_there = m.Comparison(each, [m.ComparisonTarget(m.In(), registry)])
    asked = m.If(is_there, _block(delete | m.Expr(popped | safely)), None)
    taken = m.For(body=m.IndentedBlock([asked])) | m.For(body=_block(m.Expr(safely)))
    over_ids = m.For(iter=m.Name("finished_requests_ids"), orelse=None, asynchronous=None)
    return m.matches(statement, over_ids) and m.matches(statement, taken)


def _block(statement: m.Expr | m.OneOf[m.Del | m.Expr]) -> m.OneOf[m.BaseSuite]:
    """Match a block of one statement, on lines of its own or on that of its head."""
    import libcst.matchers as m

    return m.OneOf(m.IndentedBlock([m.SimpleStatementLine([statement])]), m.SimpleStatementSuite([statement]))


_FORGET = """\
for finished_id in finished_requests_ids:
    self.seq_id_to_seq_group.pop(finished_id, None)
"""

_EXAMPLE = '''\
class Engine:
    def step(self):
        finished_requests_ids = self.scheduler.get_and_reset_finished_requests_ids()
        return finished_requests_ids


class LLMEngine(Engine):
    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.seq_id_to_seq_group = {}

    def step(self):
        """One round."""
        if not self.has_steps_left():
            planned = self.scheduler[0].schedule()
ASKED
            if planned:
                self.process(planned)
        else:
            finished_requests_ids = list()
        return self.run(planned, finished_requests_ids)
'''

_ASKED = """\
            finished_requests_ids = self.scheduler[
                0].get_and_reset_finished_requests_ids()
"""
_FORGOTTEN = """\
            for finished_id in finished_requests_ids:
                self.seq_id_to_seq_group.pop(finished_id, None)
"""


def _with(asked: str) -> str:
    return _EXAMPLE.replace("ASKED\n", asked)


PATCH = Patch(
    id="VDP004",
    name="v0-n-gt1-leak",
    documentation=__doc__ or "",
    distribution="vllm",
    sites=(Site(since="0.7.0", file="vllm/engine/llm_engine.py", scope="LLMEngine.step"),),
    fixed_in="0.8.0",
    upstream=("https://github.com/vllm-project/vllm/pull/14326",),
    trace=re.compile(
        rb"get_and_reset_finished_requests_ids (?:[\s\\]|\#[^\n]*\n)* \( (?:\s|\#[^\n]*\n)* \)"
        rb"(?! (?:\s|\#[^\n]*\n)* for\b )",
        re.VERBOSE,
    ),
    edit=edit,
    examples=(
        Example(name="as published", before=_with(_ASKED + "\n"), after=_with(_ASKED + _FORGOTTEN + "\n")),
        Example(
            name="with comments",
            before=_with(f"            # who is done\n{_ASKED}            # all of them\n"),
            after=_with(f"            # who is done\n{_ASKED}{_FORGOTTEN}            # all of them\n"),
        ),
        Example(
            name="last in its block",
            before=_with(f"            for planned in [planned]:\n{_ASKED.replace(' ' * 12, ' ' * 16)}"),
            after=_with(f"            for planned in [planned]:\n{(_ASKED + _FORGOTTEN).replace(' ' * 12, ' ' * 16)}"),
        ),
    ),
    untouched=(
        Untouched(
            name="deleted",
            source=_with(
                f"{_ASKED}            for done in finished_requests_ids:\n"
                "                if done in self.seq_id_to_seq_group:\n"
                "                    del self.seq_id_to_seq_group[done]\n"
            ),
            structure="after",
        ),
        Untouched(
            name="popped, if it is there",
            source=_with(
                f"{_ASKED}            for done in finished_requests_ids:\n"
                "                if done in self.seq_id_to_seq_group: self.seq_id_to_seq_group.pop(done)\n"
            ),
            structure="after",
        ),
        Untouched(
            name="another entry popped elsewhere, under a condition",
            source=_with(_ASKED).replace(
                "        if not self.has",
                "        if len(self.seq_id_to_seq_group) > 10**9:\n"
                '            self.seq_id_to_seq_group.pop("oldest", None)\n'
                "        if not self.has",
            ),
            structure="unfamiliar",
        ),
        Untouched(
            name="forgotten under a condition",
            source=_with(
                f"{_ASKED}            if self.log_stats:\n"
                f"{_FORGOTTEN.replace(' ' * 12, ' ' * 16, 1).replace(' ' * 16 + 'self', ' ' * 20 + 'self')}"
            ),
            structure="unfamiliar",
        ),
        Untouched(
            name="another entry deleted in the loop",
            source=_with(
                f"{_ASKED}            for done in finished_requests_ids:\n"
                "                self.seq_id_to_seq_group.pop(self.oldest, None)\n"
            ),
            structure="unfamiliar",
        ),
        Untouched(
            name="registered again after it was forgotten",
            source=_with(f"{_ASKED}{_FORGOTTEN}            self.seq_id_to_seq_group.update(self.kept)\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="the registry made anew",
            source=_with(f"{_ASKED}            self.seq_id_to_seq_group = {{}}\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="several statements on the line",
            source=_with(_ASKED.replace("ids()\n", "ids(); planned = None\n")),
            structure="unfamiliar",
        ),
        Untouched(
            name="under another name",
            source=_with("            done = self.scheduler[0].get_and_reset_finished_requests_ids()\n"),
            structure="unfamiliar",
        ),
        Untouched(name="asked twice", source=_with(_ASKED + _ASKED), structure="unfamiliar"),
        Untouched(name="not asked", source=_with(""), structure="unfamiliar"),
    ),
)
