"""What the children of a session are told: their tasks, and the environment of each."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from verl_doctor.smoke.sessions import Device, Session

_LONGEST_SOCKET: Final = 107
"""The most bytes that the path of a socket may have."""
_NAME: Final = 37
"""The length of the names that vLLM gives its sockets, a slash before it."""


def task(session: Session, device: Device, folder: Path) -> dict[str, Any]:
    """Return what all ranks of a session have to do."""
    return {
        "probes": list(session.probes),
        "device": device.value,
        "world": session.ranks,
        "eager": session.eager,
        "model": session.model and str(session.model),
        "settings": dict(session.settings),
        "work": str(folder),
    }


def environs(session: Session, environ: Mapping[str, str], gpus: Sequence[str], folder: Path) -> list[dict[str, str]]:
    """Return the environment of each rank. With several, each sees one GPU, as Ray's workers do."""
    base = {
        **environ,
        **_sockets(folder),
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # only so can graphs be counted and weights be reached
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
    }
    if session.ranks == 1:
        return [base]
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "WORLD_SIZE": str(session.ranks)}
    mine = {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}
    visible = [{"CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus[: session.ranks]] or [{}] * session.ranks
    return [{**base, **meeting, **mine, **visible[rank], "RANK": str(rank)} for rank in range(session.ranks)]


def _sockets(folder: Path) -> dict[str, str]:
    """Have vLLM make its sockets, which it leaves behind, in a folder that goes, if their paths are not too long."""
    fits = len(str(folder).encode()) + _NAME <= _LONGEST_SOCKET
    return {"VLLM_RPC_BASE_PATH": str(folder)} if fits else {}


def _free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
