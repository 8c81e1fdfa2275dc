"""cudagraph_capture_sizes is set, but CUDA graphs are off.

With enforce_eager=True vLLM captures no graphs, so the sizes do nothing.

Set actor_rollout_ref.rollout.enforce_eager=False, or remove the sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.certainty import graded
from verl_doctor.lint.configured import ROLLOUT, uses_vllm, value
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import values

ID: Final = "VD610"
NAME: Final = "capture-sizes-without-graphs"
SEVERITY: Final = Severity.WARNING
SIZES: Final = f"{ROLLOUT}.cudagraph_capture_sizes"
EAGER: Final = f"{ROLLOUT}.enforce_eager"


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the sizes that do nothing."""
    del matrix
    yield from graded(lambda here: _faults(here, facts), launch)


def _faults(launch: Launch, facts: Facts) -> Iterator[Fault]:
    sizes, eager = launch.setting("verl", SIZES), value(launch, facts, EAGER)
    if sizes is None or sizes.value is None or values.plain(sizes.value) is None or not uses_vllm(launch):
        return
    if eager and not eager.assumed and values.plain(eager.text) is True:
        literal = eager.setting.literal if eager.setting else None
        yield Fault(
            id=ID,
            name=NAME,
            severity=SEVERITY,
            setting=sizes,
            message=f"{SIZES} is {sizes.value}, but enforce_eager is True: no graphs are captured.",
            remedy=Remedy(text=f"Set {EAGER}=False, or remove the sizes."),
            edits=(Edit(span=literal, text="False"),) if literal else (),
            beside=() if eager.setting else ((EAGER, "False"),),
        )
