"""What `nvidia-smi` tells of driver and GPUs: the fallback where NVML's library cannot be used directly."""

from __future__ import annotations

import csv
import re
from typing import Final

from verl_doctor.facts.nvml import Answer, Gpu, Refusal, Silence
from verl_doctor.host import Exited, Host, NotStarted, Process, Run, TimedOut

_FIELDS: Final = (
    "driver_version,index,uuid,name,memory.total,memory.free,compute_cap,mig.mode.current,ecc.mode.current,"
    "persistence_mode"
)
QUERY: Final = ("nvidia-smi", f"--query-gpu={_FIELDS}", "--format=csv,noheader,nounits")
LISTING: Final = ("nvidia-smi",)
GRACE: Final = 1.0
"""Seconds that the listing may take longer than the query, which does more."""
_MIB: Final = 2**20
_ERRORS: Final = {4: "NoPermission", 9: "DriverNotLoaded", 12: "LibraryNotFound", 18: "LibRmVersionMismatch"}
"""Exit statuses of nvidia-smi are NVML's error codes."""


def ask(host: Host, deadline: float) -> Answer | Refusal | Silence:
    """Ask nvidia-smi, within `deadline` seconds: its two calls run at once."""
    started = host.start(LISTING), host.start(QUERY)
    asked = _end(started[1], deadline)
    listed = _end(started[0], GRACE if isinstance(asked, Exited) else 0.0)
    match asked:
        case TimedOut():
            return Silence(deadline)
        case NotStarted(reason):
            return Refusal(reason.removeprefix("nvidia-smi: "))
        case Exited(status=0, stdout=text):
            rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if row]
            whole = [row for row in rows if len(row) == len(_FIELDS.split(","))]
            if not whole:
                return Refusal((text.strip().splitlines() or ["it printed nothing"])[0])
            return Answer(version=whole[0][0], cuda=_cuda(listed), gpus=tuple(_gpu(row) for row in whole))
        case Exited(status=status, stdout=out, stderr=err):
            said = (out.strip() or err.strip() or f"it ended with status {status}").splitlines()[0]
            return Refusal(said, _ERRORS.get(status))


def _end(program: Process | NotStarted, deadline: float) -> Run:
    return program if isinstance(program, NotStarted) else program.wait(deadline)


def _cuda(listing: Run) -> str | None:
    """Return the newest CUDA that the driver supports; only the header of the plain listing says it."""
    match listing:
        case Exited(status=0, stdout=text) if found := re.search(r"CUDA(?: UMD)? Version *: *(\d+\.\d+)", text):
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
