"""GlusterFS: a volume, mounted on two nodes."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.battery.running import Command, UnavailableError, must, program, run, started
from benchmarks.filesystems.mounting import had, mounted, need_kernel, package_version
from benchmarks.filesystems.system import Mounted, System

PATIENCE = 20.0
VOLFILE = """\
volume management
    type mgmt/glusterd
    option working-directory {folder}/glusterd
    option run-directory {folder}/run
    option transport-type socket
    option transport.socket.listen-port 24007
    option ping-timeout 0
    option event-threads 1
    option max-port 60999
end-volume
"""


class GlusterFs(System):
    """A distributed file system; its locks are those of the server."""

    name = "GlusterFS"
    how = "A volume of one brick, served on this machine, `mount -t glusterfs` twice: two nodes that share it."
    every = 4
    nodes = 2
    settles = 2.0  # the kernel and the client keep what they read for one second

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        need_kernel("fuse")
        _daemon()
        return f"GlusterFS {package_version('glusterfs-server')}"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        first, second = folder / "node-0", folder / "node-1"
        with _volume(folder) as volume:
            argv = ("mount", "-t", "glusterfs", volume)
            with mounted(first, *argv, str(first)), mounted(second, *argv, str(second)):
                yield Mounted(nodes=(first, second), truth=folder / "brick")


@contextmanager
def _volume(folder: Path) -> Iterator[str]:
    """Serve a volume of one brick; give its name as `mount` takes it."""
    name = f"doctor-{os.getpid()}"
    with _daemon_running(folder):
        had("gluster", "--mode=script", "volume", "create", name, f"{socket.gethostname()}:{folder}/brick", "force")
        had("gluster", "--mode=script", "volume", "start", name)
        try:
            yield f"localhost:/{name}"
        finally:
            must(Command(argv=("gluster", "--mode=script", "volume", "stop", name, "force"), cwd=folder))
            must(Command(argv=("gluster", "--mode=script", "volume", "delete", name), cwd=folder))


@contextmanager
def _daemon_running(folder: Path) -> Iterator[None]:
    for name in ("glusterd", "run", "brick"):
        (folder / name).mkdir()
    if _answers(folder):
        raise UnavailableError("another glusterd runs on this machine")
    (folder / "volfile").write_text(VOLFILE.format(folder=folder))
    options = ("-N", f"--volfile={folder}/volfile", "-l", f"{folder}/log", "-p", f"{folder}/run/pid")
    with started(Command(argv=(_daemon(), *options), cwd=folder)) as daemon:
        until = time.monotonic() + PATIENCE
        while not _answers(folder):
            if daemon.poll() is not None or time.monotonic() > until:
                raise UnavailableError("glusterd does not serve here")
            time.sleep(0.2)
        yield


def _answers(folder: Path) -> bool:
    return run(Command(argv=("gluster", "--mode=script", "volume", "list"), cwd=folder)).code == 0


def _daemon() -> str:
    program("gluster", "glusterfs-cli")
    found = shutil.which("glusterd", path="/usr/sbin:" + os.environ.get("PATH", ""))
    if found is None:
        raise UnavailableError("glusterd is not installed (Debian: `apt-get install glusterfs-server`)")
    return found


SYSTEM = GlusterFs
