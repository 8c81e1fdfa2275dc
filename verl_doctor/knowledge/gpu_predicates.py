"""The tests of conditions on the GPUs that this environment may use."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from verl_doctor.errors import DataError
from verl_doctor.facts.nvml import Gpu
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.judgement import NOT, Holds, Judgement, Seen, Test, Unknown
from verl_doctor.knowledge.predicates import compare
from verl_doctor.model import Unavailable

_SHARE: Final = re.compile(r"<(\d+)%")
_GIB: Final = 2**30


def capability(wanted: str) -> Test:
    """Return a test on the compute capability of a GPU."""
    return _any_gpu(
        lambda gpu: (
            compare(gpu.compute_capability, wanted, _seen(gpu, f"compute capability {gpu.compute_capability}"))
            if gpu.compute_capability
            else Unknown(f"the compute capability of {gpu.name} is not known")
        )
    )


def gpu(wanted: str) -> Test:
    """Return a test on the name of a GPU."""
    return _any_gpu(lambda gpu: Holds((_seen(gpu, gpu.name),)) if re.search(wanted, gpu.name) else NOT)


def gpu_free(bound: str, place: str) -> Test:
    """Return a test on the share of a GPU's memory that is free."""
    match = _SHARE.fullmatch(bound)
    if match is None:
        raise DataError(f"{place}: the key 'gpu-free' reads as \"<50%\".")
    least = int(match.group(1)) / 100

    def test(gpu: Gpu) -> Judgement:
        if not gpu.memory_total or gpu.memory_free is None:
            return Unknown(f"how much memory of {gpu.name} is free is not known")
        if gpu.memory_free >= least * gpu.memory_total:
            return NOT
        what = f"GPU {gpu.index} has {gpu.memory_free / _GIB:.0f} of {gpu.memory_total / _GIB:.0f} GiB free"
        return Holds((Seen(what=what, where=what),))

    return _any_gpu(test)


def _any_gpu(test: Callable[[Gpu], Judgement]) -> Test:
    """Return a test that holds where it holds for a GPU that this environment may use."""

    def tested(facts: Facts) -> Judgement:
        if isinstance(facts.gpus, Unavailable):
            return Unknown(facts.gpus.reason)
        visible = {} if isinstance(facts.env, Unavailable) else facts.env
        judged = [test(gpu) for gpu in facts.gpus if _is_visible(gpu, visible.get("CUDA_VISIBLE_DEVICES"))]
        holding = next((judgement for judgement in judged if isinstance(judgement, Holds)), None)
        return holding or next((judgement for judgement in judged if isinstance(judgement, Unknown)), NOT)

    return tested


def _is_visible(gpu: Gpu, named: str | None) -> bool:
    """Say whether CUDA_VISIBLE_DEVICES leaves a GPU in sight; what is no list of numbers or UUIDs hides none."""
    names = [name.strip() for name in (named or "").split(",") if name.strip()]
    plain = all(name.isdigit() or name.startswith("GPU-") for name in names)
    return not names or not plain or any(name == str(gpu.index) or gpu.uuid.startswith(name) for name in names)


def _seen(gpu: Gpu, what: str) -> Seen:
    return Seen(what=what, where=f"GPU {gpu.index} is {gpu.name}", about="gpu")
