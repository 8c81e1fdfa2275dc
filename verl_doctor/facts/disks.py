"""The room under the folders that verl, vLLM and Ray fill."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A cache folder, what it is for, and the room of its file system in bytes; `path` is what exists of it."""

    purpose: str
    path: str
    total: int
    free: int
    writable: bool


def collect(host: Host, target: Target) -> tuple[Disk, ...]:
    """Return the caches' room, one row a folder. A folder that does not exist yet is judged by its parent."""
    del target
    disks = []
    for purpose, folder in _folders(host).items():
        existing = next((place for place in (folder, *folder.parents) if host.is_dir(place)), None)
        if existing is None:
            continue
        try:
            space = host.space(existing)
        except OSError:
            continue
        disks.append(
            Disk(
                purpose=purpose,
                path=str(existing),
                total=space.total,
                free=space.free,
                writable=host.is_writable(existing),
            )
        )
    return tuple(disks)


def _folders(host: Host) -> dict[str, Path]:
    """Return the folders by what fills them, found as huggingface_hub, vLLM, Triton, torch and Ray find them."""
    temporary = _named(host, "TMPDIR") or Path("/tmp")  # noqa: S108 - its room is asked, nothing is written
    home = Path(host.environ.get("HOME") or "/")
    cache = _named(host, "XDG_CACHE_HOME") or home / ".cache"
    models = _named(host, "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") or _named(host, "HF_HOME") or cache / "huggingface"
    triton = _named(host, "TRITON_CACHE_DIR") or (_named(host, "TRITON_HOME") or home) / ".triton"
    return {
        "models (HF_HOME, HF_HUB_CACHE)": models,
        "vLLM's compile cache (VLLM_CACHE_ROOT)": _named(host, "VLLM_CACHE_ROOT") or cache / "vllm",
        "Triton's cache (TRITON_CACHE_DIR)": triton,
        "torch's compile cache (TORCHINDUCTOR_CACHE_DIR)": _named(host, "TORCHINDUCTOR_CACHE_DIR") or temporary,
        "Ray's session files (RAY_TMPDIR)": (_named(host, "RAY_TMPDIR") or temporary) / "ray",
        "temporary files (TMPDIR)": temporary,
    }


def _named(host: Host, *variables: str) -> Path | None:
    """Return the folder that the first of these variables names that is set and not empty."""
    told = next((host.environ[name] for name in variables if host.environ.get(name)), None)
    if told is None:
        return None
    return Path(host.environ.get("HOME") or "/", told[2:]) if told.startswith("~/") else Path(told)
