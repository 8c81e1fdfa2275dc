"""Sequence parallelism is on, but padding is not removed.

verl's Ulysses sequence parallelism splits packed sequences, so FSDP with ulysses_sequence_parallel_size above 1
asserts use_remove_padding: "When using sequence parallelism for actor/ref policy, you must enable
`use_remove_padding`."

Set actor_rollout_ref.model.use_remove_padding=True (critic.model.use_remove_padding=True for the critic).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.certainty import graded
from verl_doctor.lint.configured import certain, configured, count, module
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import values

ID: Final = "VD611"
NAME: Final = "padding-with-ulysses"
SEVERITY: Final = Severity.ERROR
_SIZE: Final = "actor_rollout_ref.actor.ulysses_sequence_parallel_size"
_PADDING: Final = "actor_rollout_ref.model.use_remove_padding"


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the size where padding stays."""
    del matrix
    yield from graded(lambda here: _faults(here, facts), launch)


def _faults(launch: Launch, facts: Facts) -> Iterator[Fault]:
    setting, size = launch.setting("verl", _SIZE), count(launch, facts, _SIZE)
    start, padding = configured(launch, facts), certain(launch, facts, _PADDING)
    strategy = certain(launch, facts, "actor_rollout_ref.actor.strategy")
    if start is None or setting is None or not size or size == 1 or module(launch) != "verl.trainer.main_ppo":
        return
    if strategy == "fsdp" and padding is not None and values.plain(padding) is False:
        given = launch.setting("verl", _PADDING)
        yield Fault(
            id=ID,
            name=NAME,
            severity=SEVERITY,
            setting=setting,
            message=f"{_SIZE} is {size}, and {_PADDING} is False: verl {start.release} stops when it checks that.",
            remedy=Remedy(text=f"Set {_PADDING}=True."),
            edits=(Edit(span=given.literal, text="True"),) if given and given.literal else (),
            beside=() if given else ((_PADDING, "True"),),
        )
