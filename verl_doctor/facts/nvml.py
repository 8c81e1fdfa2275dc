"""What NVML tells of driver and GPUs, asked in a child so that a hung driver cannot hang the doctor."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from verl_doctor.host import Exited, Host, NotStarted, TimedOut

_CHILD: Final = Path(__file__).with_name("nvml_child.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuProcess:
    """A process that holds memory on a GPU; bytes, None where the driver does not tell."""

    pid: int
    name: str | None
    memory: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU. Memory in bytes; `compute_capability` as "9.0"; None where the driver does not tell."""

    index: int
    uuid: str
    name: str
    memory_total: int | None
    memory_free: int | None
    compute_capability: str | None
    mig: bool | None = None
    ecc: bool | None = None
    persistence: bool | None = None
    nvlinks: int | None = None
    processes: tuple[GpuProcess, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The driver answered: its version, the newest CUDA it supports, and the GPUs.

    `cuda_error` names NVML's error where libcuda.so.1, which every CUDA program loads, did not tell its version.
    """

    version: str | None
    cuda: str | None
    gpus: tuple[Gpu, ...]
    cuda_error: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """No answer, and why; `error` is NVML's name of it ("DriverNotLoaded"), None where NVML was not reached."""

    message: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer within the deadline, in seconds."""

    deadline: float


def ask(host: Host, deadline: float) -> Answer | Refusal | Silence:
    """Ask NVML once, within `deadline` seconds."""
    argv = command()
    if argv is None:
        return Refusal("the package nvidia-ml-py is not installed beside verl-doctor")
    match host.run(argv, deadline):
        case TimedOut():
            return Silence(deadline)
        case NotStarted(reason):
            return Refusal(f"the child that asks NVML did not start: {reason}")
        case Exited(status=0, stdout=text) if text.startswith("{"):
            return parse(json.loads(text))
        case Exited(status=status, stderr=text):
            last = (text.strip().splitlines() or ["no message"])[-1]
            return Refusal(f"asking NVML ended with status {status}: {last}")


def command() -> tuple[str, ...] | None:
    """Return the child's command line, None where the binding pynvml is not installed."""
    binding = importlib.util.find_spec("pynvml")
    if binding is None or binding.origin is None:
        return None
    module = Path(binding.origin)
    # The old distribution pynvml has a package of that name, which hides nvidia-ml-py's module.
    folder = module.parent.parent if binding.submodule_search_locations else module.parent
    return (sys.executable, "-I", "-S", str(_CHILD), str(folder))


def parse(told: Mapping[str, Any]) -> Answer | Refusal:
    """Return what the child's JSON says."""
    if "error" in told:
        return Refusal(f"{told['message']} ({told['error']})", told["error"])
    gpus = tuple(map(_gpu, told["gpus"]))
    return Answer(version=told["version"], cuda=told["cuda"], gpus=gpus, cuda_error=told["cuda_error"])


def _gpu(told: Mapping[str, Any]) -> Gpu:
    fields = {"memory_total": None, "memory_free": None, "compute_capability": None, **told}
    processes = fields.pop("processes", None)
    return Gpu(
        **fields,
        processes=None if processes is None else tuple(GpuProcess(**process) for process in processes),
    )
