"""A node shows more or fewer GPUs than the policy expects.

A job that was planned for eight GPUs waits forever for the eighth, or leaves one idle. A GPU is missing where it fell
off the bus, where CUDA_VISIBLE_DEVICES or the scheduler hides it, or where a container was given fewer.

See it: `nvidia-smi -L` beside `gpus` in the policy's `[expect]`. Cure it: give the job the GPUs, drain the node, or
change the policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.expected import Expected
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import Finding, Layer, Remedy, Severity, Unavailable, UnknownError

ID: Final = "VD800"
NAME: Final = "gpu-count-unexpected"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.GPU


def ask(facts: Facts, expected: Expected) -> Iterator[Finding]:
    """Yield a finding where the count is another one."""
    if expected.gpus is None:
        return
    if isinstance(facts.gpus, Unavailable):
        raise UnknownError(facts.gpus.reason)
    found = len(facts.gpus)
    if found != expected.gpus:
        plural = "" if found == 1 else "s"
        yield Finding(
            message=f"{found} GPU{plural} visible, and {expected.origin} expects {expected.gpus}: what is planned for "
            f"{expected.gpus} waits for GPUs that do not come, or leaves some idle.",
            remedy=Remedy(
                text="Give this job the GPUs it is planned for, take the node out of service, or change `gpus`.",
                commands=("nvidia-smi -L",),
            ),
            evidence=tuple(f"GPU {gpu.index}: {gpu.name}" for gpu in facts.gpus),
        )
