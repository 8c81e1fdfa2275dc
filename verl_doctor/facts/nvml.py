"""What NVML tells of driver and GPUs, asked in a child so that a hung driver cannot hang the doctor."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from verl_doctor.host import Exited, Host, NotStarted, TimedOut

DEADLINE: Final = 4.0
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
    """The driver answered: its version, the newest CUDA it supports, and the GPUs."""

    version: str | None
    cuda: str | None
    gpus: tuple[Gpu, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """No answer, and why."""

    message: str


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer within the deadline, in seconds."""

    deadline: float


def ask(host: Host) -> Answer | Refusal | Silence:
    """Ask NVML once."""
    binding = importlib.util.find_spec("pynvml")
    if binding is None or binding.origin is None:
        return Refusal("the package nvidia-ml-py is not installed beside verl-doctor")
    folder = str(Path(binding.origin).parent)
    match host.run([sys.executable, "-I", "-S", str(_CHILD), folder], DEADLINE):
        case TimedOut():
            return Silence(DEADLINE)
        case NotStarted(reason):
            return Refusal(f"the child that asks NVML did not start: {reason}")
        case Exited(status=0, stdout=text) if text.startswith("{"):
            return _parse(json.loads(text))
        case Exited(status=status, stderr=text):
            last = (text.strip().splitlines() or ["no message"])[-1]
            return Refusal(f"asking NVML ended with status {status}: {last}")


def _parse(told: dict[str, Any]) -> Answer | Refusal:
    if "error" in told:
        return Refusal(f"{told['message']} ({told['error']})")
    return Answer(version=told["version"], cuda=told["cuda"], gpus=tuple(map(_gpu, told["gpus"])))


def _gpu(told: dict[str, Any]) -> Gpu:
    processes = told.pop("processes", None)
    fields = {"memory_total": None, "memory_free": None, "compute_capability": None, **told}
    return Gpu(
        **fields,
        processes=None if processes is None else tuple(GpuProcess(**process) for process in processes),
    )
