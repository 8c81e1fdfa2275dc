"""sshfs: a folder of another machine, mounted on two nodes."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from benchmarks.battery.running import Command, UnavailableError, must, program, run, started
from benchmarks.filesystems.mounting import mounted, need_kernel, package_version
from benchmarks.filesystems.system import Mounted, System

PATIENCE = 10.0
CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/user.pub
StrictModes no
UsePAM no
PasswordAuthentication no
Subsystem sftp internal-sftp
"""


class Sshfs(System):
    """Locks are those of one mount: the server knows nothing of them."""

    name = "sshfs"
    how = (
        "`sshfs -o reconnect`, twice, from an `sshd` on this machine: two nodes that share a folder; with "
        "`no_contain_symlinks`, where links out of it are forbidden otherwise."
    )
    every = 4
    nodes = 2
    settles = 21.0  # dcache_timeout is 20
    options: ClassVar[tuple[str, ...]] = ("reconnect",)

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        need_kernel("fuse")
        program("sshfs", "sshfs")
        _sshd()
        return f"sshfs {package_version('sshfs')}, OpenSSH {package_version('openssh-server')}"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        shared, first, second = (folder / name for name in ("shared", "node-0", "node-1"))
        shared.mkdir()
        with _serving(folder) as port:
            argv = self._argv(folder, port)
            with mounted(first, *argv, str(first)), mounted(second, *argv, str(second)):
                yield Mounted(nodes=(first, second), truth=shared)

    def _argv(self, folder: Path, port: int) -> tuple[str, ...]:
        own = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", f"IdentityFile={folder}/user")
        links = ("no_contain_symlinks",) if _contains_links() else ()
        options = [word for option in (*own, *links, *self.options) for word in ("-o", option)]
        user = "root" if os.geteuid() == 0 else os.environ["USER"]
        return (
            program("sshfs", "sshfs"),
            "-F",
            "/dev/null",
            "-p",
            str(port),
            *options,
            f"{user}@127.0.0.1:{folder}/shared",
        )


def _contains_links() -> bool:
    """Say whether links that lead elsewhere, as `bin/python` of an environment does, have to be allowed."""
    return "no_contain_symlinks" in run(Command(argv=(program("sshfs", "sshfs"), "-h"), cwd=Path("/"))).output


def _sshd() -> str:
    found = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
    if found is None:
        raise UnavailableError("sshd is not installed (Debian: `apt-get install openssh-server`)")
    return found


@contextmanager
def _serving(folder: Path) -> Iterator[int]:
    """Run a server of its own, with its own keys; give its port."""
    for name in ("host", "user"):
        argv = (program("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        must(Command(argv=argv, cwd=folder))
    Path("/run/sshd").mkdir(exist_ok=True)  # where it locks itself in
    port = _free_port()
    (folder / "config").write_text(CONFIG.format(port=port, folder=folder))
    with started(Command(argv=(_sshd(), "-D", "-e", "-f", str(folder / "config")), cwd=folder)) as server:
        until = time.monotonic() + PATIENCE
        while not _answers(port):
            if server.poll() is not None or time.monotonic() > until:
                raise UnavailableError("sshd does not serve here")
            time.sleep(0.05)
        yield port


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


SYSTEM = Sshfs
