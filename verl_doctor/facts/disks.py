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
    env = host.environ
    home = Path(env.get("HOME", "/"))
    cache = Path(env.get("XDG_CACHE_HOME") or home / ".cache")
    temporary = Path(env.get("TMPDIR") or "/tmp")  # noqa: S108 - its room is asked, nothing is written
    hugging_face = Path(env.get("HF_HOME") or cache / "huggingface")
    return {
        "models (HF_HOME, HF_HUB_CACHE)": Path(env.get("HF_HUB_CACHE") or hugging_face),
        "vLLM's compile cache (VLLM_CACHE_ROOT)": Path(env.get("VLLM_CACHE_ROOT") or cache / "vllm"),
        "Triton's cache (TRITON_CACHE_DIR)": Path(env.get("TRITON_CACHE_DIR") or home / ".triton"),
        "Ray's session files (RAY_TMPDIR)": Path(env.get("RAY_TMPDIR") or "/tmp/ray"),  # noqa: S108 - Ray's default
        "temporary files (TMPDIR)": temporary,
    }
