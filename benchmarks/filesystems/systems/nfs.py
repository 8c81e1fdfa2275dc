"""NFS: a folder of the kernel's own server, mounted on two nodes; most clusters keep environments on such a one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.battery.running import Command, UnavailableError, program, run, started
from benchmarks.filesystems import device
from benchmarks.filesystems.mounting import had, mounted, need_kernel, package_version
from benchmarks.filesystems.system import Mounted, System
from benchmarks.filesystems.systems.ext4 import MKFS, PACKAGE

NFSD = Path("/proc/fs/nfsd")
NFS_UTILS = "nfs-kernel-server"
GRACE = "10"
"""Seconds for which a server that was started gives no locks; the least that it takes."""


class Nfs(System):
    """Locks are those of the server; what a node has read it keeps for up to a minute."""

    name = "NFS"
    how = (
        "The kernel's server exports an ext4 to this machine, `mount -t nfs4 -o nosharecache` twice: two nodes. Where "
        "this kernel has no NFS: `python -m benchmarks.filesystems.uml`."
    )
    every = 16
    nodes = 2
    settles = 61.0  # acdirmax is 60

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        version = need_kernel("nfs4")
        need_kernel("nfsd")
        program("exportfs", NFS_UTILS)
        return f"{version}, nfs-utils {package_version('nfs-common')}"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Export it and mount it."""
        first, second = folder / "node-0", folder / "node-1"
        with device.made(folder, 128, MKFS, PACKAGE) as disk, _exported(disk):
            argv = ("mount", "-t", "nfs4", "-o", "nosharecache,vers=4.2", "127.0.0.1:/")
            with mounted(first, *argv, str(first)), mounted(second, *argv, str(second)):
                yield Mounted(nodes=(first, second), truth=disk)


@contextmanager
def _exported(disk: Path) -> Iterator[None]:
    """Serve a folder to this machine, as the root of what is served."""
    with ExitStack() as stack:
        if not (NFSD / "threads").exists():
            stack.enter_context(mounted(NFSD, "mount", "-t", "nfsd", "nfsd", str(NFSD)))
        if (NFSD / "threads").read_text().strip() != "0":
            raise UnavailableError("this machine serves NFS already; name a folder on a mount with --at")
        for name in ("nfsv4leasetime", "nfsv4gracetime"):  # the second is at least the first
            (NFSD / name).write_text(GRACE)
        had(program("rpc.nfsd", NFS_UTILS), "--no-nfs-version", "3", "8")
        stack.callback(run, Command(argv=(program("rpc.nfsd", NFS_UTILS), "0"), cwd=Path("/")))
        had(program("exportfs", NFS_UTILS), "-o", "rw,no_root_squash,no_subtree_check,fsid=0", f"127.0.0.1:{disk}")
        stack.callback(run, Command(argv=(program("exportfs", NFS_UTILS), "-u", f"127.0.0.1:{disk}"), cwd=Path("/")))
        argv = (program("rpc.mountd", NFS_UTILS), "--foreground", "--no-nfs-version", "3")
        stack.enter_context(started(Command(argv=argv, cwd=Path("/"))))
        yield


SYSTEM = Nfs
