"""What `nvidia-smi` tells of driver and GPUs: the fallback where NVML's library cannot be used directly."""

from __future__ import annotations

import csv
import re
from typing import Final

from verl_doctor.facts.nvml import Answer, Gpu, Refusal, Silence
from verl_doctor.host import Exited, Host, NotStarted, TimedOut

DEADLINE: Final = 3.0
_FIELDS: Final = (
    "driver_version,index,uuid,name,memory.total,memory.free,compute_cap,mig.mode.current,ecc.mode.current,"
    "persistence_mode"
)
_MIB: Final = 2**20


def ask(host: Host) -> Answer | Refusal | Silence:
    """Ask nvidia-smi once, within DEADLINE seconds for each of its two calls."""
    match host.run(["nvidia-smi", f"--query-gpu={_FIELDS}", "--format=csv,noheader,nounits"], DEADLINE):
        case TimedOut():
            return Silence(DEADLINE)
        case NotStarted(reason):
            return Refusal(reason)
        case Exited(status=0, stdout=text):
            rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if row]
            whole = [row for row in rows if len(row) == len(_FIELDS.split(","))]
            if not whole:
                return Refusal((text.strip().splitlines() or ["nvidia-smi printed nothing"])[0])
            return Answer(version=whole[0][0], cuda=_cuda(host), gpus=tuple(_gpu(row) for row in whole))
        case Exited(stdout=out, stderr=err):
            return Refusal((out.strip() or err.strip() or "nvidia-smi failed").splitlines()[0])


def _cuda(host: Host) -> str | None:
    """Return the newest CUDA that the driver supports; only the header of the plain listing says it."""
    match host.run(["nvidia-smi"], DEADLINE):
        case Exited(status=0, stdout=text) if found := re.search(r"CUDA(?: UMD)? Version: (\d+\.\d+)", text):
            return found.group(1)
        case _:
            return None


def _gpu(row: list[str]) -> Gpu:
    _, index, uuid, name, total, free, capability, mig, ecc, persistence = row
    return Gpu(
        index=int(index),
        uuid=uuid,
        name=name,
        memory_total=_bytes(total),
        memory_free=_bytes(free),
        compute_capability=capability if re.fullmatch(r"\d+\.\d+", capability) else None,
        mig=_on(mig),
        ecc=_on(ecc),
        persistence=_on(persistence),
    )


def _bytes(mebibytes: str) -> int | None:
    return int(mebibytes) * _MIB if mebibytes.isdigit() else None


def _on(mode: str) -> bool | None:
    return {"Enabled": True, "Disabled": False}.get(mode)
