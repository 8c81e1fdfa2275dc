"""Who holds a lease: a process, told apart from all others of all nodes, and whether it is known to be dead."""

from __future__ import annotations

import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

_ENDED: Final = "ended"
"""When a process started that nobody has waited for yet, as in a container without an init process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the file of a lease says of its holder.

    `token` is new for each claim; `kernel` tells nodes apart whose names are the same, and containers on one node;
    `born` is when the process started, as that kernel counts.
    """

    token: str
    host: str
    kernel: str
    process: int
    born: str

    @property
    def is_here(self) -> bool:
        """Whether the holder is, or was, a process that this kernel knows by its number."""
        return bool(self.kernel) and (self.kernel, self.host) == (_kernel(), socket.gethostname())

    @property
    def is_dead(self) -> bool:
        """Whether the holder was a process here and is no more; False where only another node knows."""
        if not self.is_here:
            return False
        try:
            os.kill(self.process, 0)
        except (ProcessLookupError, OverflowError):
            return True
        except PermissionError:
            pass  # it is there, and somebody else's
        return _born(self.process) not in {"", self.born}  # its number may be another process's by now


def mine() -> Claim:
    """Return a claim of this process."""
    return Claim(
        token=secrets.token_hex(8),
        host=socket.gethostname(),
        kernel=_kernel(),
        process=os.getpid(),
        born=_born(os.getpid()),
    )


def written(claim: Claim, renewed: int) -> bytes:
    """Return a claim that was renewed so many times, as bytes; always as many of them."""
    return f"{renewed:012} {json.dumps(asdict(claim))}\n".encode()


def read(content: bytes) -> Claim | None:
    """Return the claim in the content of a file, None for one that is not written yet, or not by a doctor."""
    try:
        found = Claim(**json.loads(content.partition(b" ")[2]))
    except (ValueError, TypeError):
        return None
    is_one = isinstance(found.process, int) and isinstance(found.token, str)
    return found if is_one else None


def _kernel() -> str:
    """Return what no other kernel and no other space of process numbers has; nothing where that cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _born(process: int) -> str:
    """Return when a process started; nothing for one that cannot be seen, and another time for one that has ended."""
    try:
        status = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return ""
    state, *fields = status.rpartition(b")")[2].split()  # from the third field on; the second may hold anything
    return _ENDED if state in {b"Z", b"X"} else fields[18].decode("ascii")
