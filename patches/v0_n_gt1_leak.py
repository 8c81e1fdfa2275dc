"""With n above 1, vLLM's V0 engine keeps every finished sample for ever.

GRPO samples several answers to each prompt, and verl before 0.5 passes that number to vLLM as `n`. The V0 engine
registers each of the n samples under its own request id in `seq_id_to_seq_group`, with the prompt and all tokens behind
it, and nothing takes it out when it has finished. The node's memory grows with every training step, and generation
is now and then much slower than before; after hours Ray reports "Workers (tasks / actors) killed due to memory
pressure".

The engine learns in each step which requests have finished; now it forgets those samples there. vLLM does the
same from 0.8.0 on, whose torch most environments of 0.7 cannot take.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from verl_doctor.patching.patch import After, Example, Patch, Site, Unfamiliar, Untouched

if TYPE_CHECKING:
    import libcst as cst


def edit(function: cst.FunctionDef) -> cst.FunctionDef | After | Unfamiliar:
    """Return the function that forgets finished samples where it is told which requests have finished."""
    import libcst.matchers as m

    from verl_doctor.patching.statements import followed_by

    registry = m.Attribute(m.Name("self"), m.Name("seq_id_to_seq_group"))
    deletes = m.Del(m.Subscript(registry))
    pops = m.Call(m.Attribute(registry, m.Name("pop")))
    asks = m.Call(m.Attribute(attr=m.Name("get_and_reset_finished_requests_ids")), [])
    told = m.SimpleStatementLine([m.Assign([m.AssignTarget(m.Name("finished_requests_ids"))], asks)])

    if m.findall(function, deletes | pops):
        return After()
    if m.findall(function, registry):
        return Unfamiliar("step does something else with seq_id_to_seq_group")
    if len(m.findall(function, asks)) != 1 or len(m.findall(function, told)) != 1:
        return Unfamiliar("step does not take the ids of finished requests exactly once, in a statement of its own")
    return followed_by(function, lambda statement: m.matches(statement, told), _FORGET)


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
