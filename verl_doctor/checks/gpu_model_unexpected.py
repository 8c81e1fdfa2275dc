"""A GPU of this node is of another model than the policy expects.

Batch sizes, memory and the kernels of a build are chosen for one model; one node of another model in a job sets the
pace for all, or runs out of memory.

See it: `nvidia-smi -L` beside `gpu` in the policy's `[expect]`. Cure it: ask the scheduler for that model, or change
the policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from verl_doctor.facts.expected import Expected
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import Finding, Layer, Remedy, Severity, Unavailable, UnknownError

ID: Final = "VD801"
NAME: Final = "gpu-model-unexpected"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.GPU


def ask(facts: Facts, expected: Expected) -> Iterator[Finding]:
    """Yield a finding where GPUs are of another model. How many there are is another check's."""
    if expected.gpu is None:
        return
    if isinstance(facts.gpus, Unavailable):
        raise UnknownError(facts.gpus.reason)
    others = [gpu for gpu in facts.gpus if not is_of(gpu.name, expected.gpu)]
    if others:
        names = ", ".join(dict.fromkeys(gpu.name for gpu in others))
        yield Finding(
            message=f"{len(others)} of {len(facts.gpus)} GPUs are {names}, and {expected.origin} expects "
            f"{expected.gpu!r}: memory and speed are not what the job was planned for.",
            remedy=Remedy(text="Ask the scheduler for that model, or change `gpu`.", commands=("nvidia-smi -L",)),
            evidence=tuple(f"GPU {gpu.index}: {gpu.name}" for gpu in others),
        )


def is_of(name: str, pattern: str) -> bool:
    """Say whether a GPU's name matches a pattern; one without `*` and `?` is looked for anywhere in the name."""
    wanted = pattern if set("*?[") & set(pattern) else f"*{pattern}*"
    return fnmatchcase(name.lower(), wanted.lower())
