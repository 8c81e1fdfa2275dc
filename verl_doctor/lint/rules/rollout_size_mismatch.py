"""The GPUs of the job cannot be divided into rollout engines of this size.

An engine of the rollout takes tensor_model_parallel_size times data_parallel_size times pipeline_model_parallel_size
GPUs. verl asserts that trainer.n_gpus_per_node times trainer.nnodes is a multiple of that ("rollout world_size: 8 is
not divisible by infer_tp: 3"), after Ray has started all workers. From verl 0.7 on an engine larger than a node must
also fill whole nodes.

Choose a size that divides the GPUs; tensor_model_parallel_size must divide the model's attention heads too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.certainty import graded
from verl_doctor.lint.configured import ROLLOUT, configured, count, module, value
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Fault
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import values

ID: Final = "VD605"
NAME: Final = "rollout-size-mismatch"
SEVERITY: Final = Severity.ERROR
TENSOR: Final = f"{ROLLOUT}.tensor_model_parallel_size"
_MORE: Final = (f"{ROLLOUT}.data_parallel_size", f"{ROLLOUT}.pipeline_model_parallel_size")
_GPUS: Final = ("trainer.n_gpus_per_node", "trainer.nnodes")
_PROGRAM: Final = "verl.trainer.main_ppo"
_MOST: Final = 1_000_000
"""GPUs that no cluster has: a slip of another kind."""


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the size that does not fit."""
    del matrix
    yield from graded(lambda here: _faults(here, facts), launch)


def _faults(launch: Launch, facts: Facts) -> Iterator[Fault]:
    start = configured(launch, facts)
    setting = launch.setting("verl", TENSOR) or launch.setting("verl", _GPUS[0])
    if start is None or setting is None or module(launch) != _PROGRAM or _is_apart(launch):
        return
    size, per_node, nodes = _size(launch, facts), count(launch, facts, _GPUS[0]), count(launch, facts, _GPUS[1])
    if not size or not per_node or not nodes:
        return
    gpus = per_node * nodes
    whole = satisfies(start.release, ">=0.7.0") is True and size > per_node and size % per_node != 0
    if (gpus % size == 0 and not whole) or gpus > _MOST:
        return
    fitting = [each for each in range(1, gpus + 1) if gpus % each == 0 and (each <= per_node or each % per_node == 0)]
    yield Fault(
        id=ID,
        name=NAME,
        severity=SEVERITY,
        setting=setting,
        message=(
            f"A rollout engine takes {size} GPUs, and {gpus} ({per_node} on each of {nodes} nodes) cannot be divided "
            f"into such engines: verl {start.release} stops once its workers are up."
        ),
        remedy=Remedy(text=f"Set {TENSOR} so that an engine takes {', '.join(map(str, fitting))} GPUs."),
    )


def _size(launch: Launch, facts: Facts) -> int | None:
    """Return how many GPUs an engine takes; sizes that are not there count as 1."""
    size = count(launch, facts, TENSOR)
    for key in _MORE:
        found = value(launch, facts, key)
        if found is not None:
            more = values.whole(found.text)
            size = size * more if size and more and more > 0 else None
        elif launch.setting("verl", key) is not None:
            return None
    return size


def _is_apart(launch: Launch) -> bool:
    """Say whether the rollout may have GPUs of its own."""
    apart = ("actor_rollout_ref.hybrid_engine", f"{ROLLOUT}.nnodes", f"{ROLLOUT}.n_gpus_per_node")
    return any(launch.setting("verl", key) for key in apart)
