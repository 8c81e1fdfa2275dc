"""Where a smoke test runs on this node, and with which model."""

from __future__ import annotations

from pathlib import Path

from verl_doctor.errors import TargetError, UsageError
from verl_doctor.host import Host
from verl_doctor.smoke.run import Place
from verl_doctor.smoke.sessions import Device
from verl_doctor.target import Target


def checkpoint(folder: Path | None) -> Path | None:
    """Return the folder of a model. Raises UsageError for one that has no config.json."""
    if folder is not None and not (folder / "config.json").is_file():
        raise UsageError(f"{folder} is no folder of a model: it has no config.json.")
    return folder and folder.resolve()


def place(host: Host, target: Target, device: Device) -> Place:
    """Return where the children run. Raises TargetError where they cannot."""
    if target.python is None or target.root != "/":
        raise TargetError(f"{target.prefix} has no Python that can be run here, so nothing can be tried.")
    gpus = _gpus(host, target) if device is Device.CUDA else ()
    return Place(python=Path(target.python), environ=dict(host.environ), device=device, gpus=gpus)


def _gpus(host: Host, target: Target) -> tuple[str, ...]:
    """Return the GPUs that a child sees, as CUDA_VISIBLE_DEVICES names them. Raises TargetError for none."""
    from verl_doctor.facts.collect import collect
    from verl_doctor.model import Unavailable

    found = collect(host, target, {"gpus"}).gpus
    if isinstance(found, Unavailable):
        raise TargetError(f"Whether there is a GPU is not known: {found.reason}.")
    visible = host.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible is not None else [str(number) for number in range(len(found))]
    shown = tuple(name.strip() for name in names if name.strip() not in {"", "-1", "NoDevFiles"})
    if not found or not shown:
        raise TargetError(
            "There is no GPU to try. --device cpu tries a CPU build of vLLM; `verl-doctor check` says more about GPUs."
        )
    return shown
