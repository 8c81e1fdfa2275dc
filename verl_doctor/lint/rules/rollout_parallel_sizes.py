"""The rollout's parallel sizes contradict each other, or are not implemented.

From verl 0.6 on, expert_parallel_size above 1 must equal tensor_model_parallel_size times data_parallel_size, and
pipeline_model_parallel_size must be 1 for vLLM and SGLang. Both are checked when the rollout's configuration is read.

Set expert_parallel_size to that product, and pipeline_model_parallel_size to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.configured import ROLLOUT, configured, count
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import values

ID: Final = "VD606"
NAME: Final = "rollout-parallel-sizes"
SEVERITY: Final = Severity.ERROR
EXPERT: Final = f"{ROLLOUT}.expert_parallel_size"
PIPELINE: Final = f"{ROLLOUT}.pipeline_model_parallel_size"
_TENSOR: Final = f"{ROLLOUT}.tensor_model_parallel_size"
_DATA: Final = f"{ROLLOUT}.data_parallel_size"


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the size that is refused."""
    del matrix
    start = configured(launch, facts)
    name = launch.setting("verl", f"{ROLLOUT}.name")
    engine = values.plain(name.value) if name and name.value else None
    if start is None or satisfies(start.release, ">=0.6.0") is not True or engine not in {"vllm", "sglang"}:
        return
    expert, tensor, data = (count(launch, facts, key) for key in (EXPERT, _TENSOR, _DATA))
    if expert and expert > 1 and tensor and data and expert != tensor * data:
        product = tensor * data
        message = f"expert_parallel_size is {expert}, but tensor_model_parallel_size * data_parallel_size is {product}"
        yield from _fault(launch, EXPERT, message, str(product), start.release)
    if (stages := count(launch, facts, PIPELINE)) and stages > 1:
        message = f"pipeline_model_parallel_size is {stages}, which verl has not implemented for {engine}"
        yield from _fault(launch, PIPELINE, message, "1", start.release)


def _fault(launch: Launch, key: str, message: str, right: str, verl: str) -> Iterator[Fault]:
    setting = launch.setting("verl", key)
    if setting is not None:
        yield Fault(
            id=ID,
            name=NAME,
            severity=SEVERITY,
            setting=setting,
            message=f"{message}: verl {verl} stops when it reads the configuration.",
            remedy=Remedy(text=f"Set {key}={right}."),
            edits=(Edit(span=setting.literal, text=right),) if setting.literal else (),
        )
