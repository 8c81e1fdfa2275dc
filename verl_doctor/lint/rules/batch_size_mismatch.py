"""The batch sizes do not fit the number of GPUs, or each other.

verl with FSDP checks before training that

- data.train_batch_size times rollout.n is a multiple of all GPUs (from 0.6.0 on only without dynamic batch sizes);
- data.train_batch_size is not less than actor.ppo_mini_batch_size (from 0.3.0 on, without dynamic batch sizes);
- each GPU's part of a mini-batch (times rollout.n and the sequence parallel size) is a multiple of
  actor.ppo_micro_batch_size_per_gpu (0.4.0 to 0.6.1).

The last is an assertion in the workers, minutes after the launch.

Choose sizes that fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.certainty import graded
from verl_doctor.lint.configured import ROLLOUT, certain, configured, count, module
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Fault
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import values

ID: Final = "VD612"
NAME: Final = "batch-size-mismatch"
SEVERITY: Final = Severity.ERROR
_ACTOR: Final = "actor_rollout_ref.actor"
TRAIN: Final = "data.train_batch_size"
MINI: Final = f"{_ACTOR}.ppo_mini_batch_size"
MICRO: Final = f"{_ACTOR}.ppo_micro_batch_size_per_gpu"
SAMPLES: Final = f"{ROLLOUT}.n"
_GPUS: Final = ("trainer.n_gpus_per_node", "trainer.nnodes")
_STRATEGIES: Final = frozenset({"fsdp", "fsdp2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What a job is divided into; None where it is not certain."""

    train: int | None
    mini: int | None
    micro: int | None
    samples: int | None
    gpus: int | None
    sequence: int | None
    is_dynamic: bool


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the sizes that do not fit."""
    del matrix
    yield from graded(lambda here: _faults(here, facts), launch)


def _faults(launch: Launch, facts: Facts) -> Iterator[Fault]:
    start = configured(launch, facts)
    if start is None or module(launch) != "verl.trainer.main_ppo":
        return
    if certain(launch, facts, f"{_ACTOR}.strategy") not in _STRATEGIES:
        return
    sizes = _sizes(launch, facts)
    if sizes is None:
        return
    for key, message in (*_of_batch(sizes, start.release), *_of_mini_batch(sizes, start.release)):
        setting = launch.setting("verl", key)
        if setting is not None:
            yield Fault(
                id=ID,
                name=NAME,
                severity=SEVERITY,
                setting=setting,
                message=f"{message}: verl {start.release} stops when it checks that.",
                remedy=Remedy(text=f"Choose {TRAIN}, {SAMPLES}, {MINI} and {MICRO} so that they divide each other."),
            )


def _sizes(launch: Launch, facts: Facts) -> Sizes | None:
    dynamic = certain(launch, facts, f"{_ACTOR}.use_dynamic_bsz")
    if dynamic is None:
        return None
    per_node, nodes = (count(launch, facts, key) for key in _GPUS)
    return Sizes(
        train=count(launch, facts, TRAIN),
        mini=count(launch, facts, MINI),
        micro=count(launch, facts, MICRO),
        samples=count(launch, facts, SAMPLES),
        gpus=per_node * nodes if per_node and nodes else None,
        sequence=count(launch, facts, f"{_ACTOR}.ulysses_sequence_parallel_size"),
        is_dynamic=values.plain(dynamic) is True,
    )


def _of_batch(sizes: Sizes, verl: str) -> Iterator[tuple[str, str]]:
    is_checked = not sizes.is_dynamic or satisfies(verl, "<0.6.0") is True
    if is_checked and sizes.train and sizes.samples and sizes.gpus and sizes.train * sizes.samples % sizes.gpus:
        whole = sizes.train * sizes.samples
        yield TRAIN, f"{TRAIN} times {SAMPLES} is {whole}, which is not a multiple of the {sizes.gpus} GPUs"
    is_checked = not sizes.is_dynamic and satisfies(verl, ">=0.3.0.post0") is True
    if is_checked and sizes.train and sizes.mini and sizes.train < sizes.mini:
        yield MINI, f"{MINI} is {sizes.mini}, more than {TRAIN} ({sizes.train})"


def _of_mini_batch(sizes: Sizes, verl: str) -> Iterator[tuple[str, str]]:
    is_checked = satisfies(verl, ">=0.4.0,<0.7.0.dev0") is True
    if not is_checked or not (sizes.mini and sizes.samples and sizes.gpus and sizes.sequence and sizes.micro):
        return
    shares = sizes.gpus // sizes.sequence
    part = sizes.mini * sizes.samples // shares if shares else 0
    if part % sizes.micro or not part:
        yield MICRO, f"Each GPU's part of a mini-batch is {part} samples, not a multiple of {MICRO} ({sizes.micro})"
