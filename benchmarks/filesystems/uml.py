"""Asks the questions under another kernel, User-Mode Linux, for the file systems that this one lacks.

    python -m benchmarks.filesystems.uml OPTION...

Takes the options of `python -m benchmarks.filesystems`. Debian: `apt-get install user-mode-linux kmod`. The files are
this machine's; all that the kernel mounts is gone when it ends.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path

from benchmarks.battery.running import Command, program, started
from benchmarks.battery.workshop import ROOT

MODULES = Path("/usr/lib/uml/modules")
INIT = """\
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME={home} TMPDIR=/mnt
exec > {folder}/output 2>&1
mount -t proc proc /proc
mount -t sysfs sys /sys
for path in /run /mnt /var/lib/nfs; do mount -t tmpfs none $path; done
mkdir -p {folder}/kernel/lib /var/lib/nfs/v4recovery
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
ln -sfn {modules} {folder}/kernel/lib/modules
ip link set lo up
hostname uml
for module in loop nfsd nfsv4; do modprobe -d {folder}/kernel $module; done
cd {root}
{command}
sync
echo o > /proc/sysrq-trigger
sleep 10
"""


def main() -> None:
    """Boot the kernel, and show what was said there."""
    command = shlex.join([sys.executable, "-m", "benchmarks.filesystems", *sys.argv[1:]])
    with tempfile.TemporaryDirectory(prefix="uml-", dir="/var/tmp") as name:
        folder = Path(name)
        init = folder / "init"
        init.write_text(INIT.format(folder=folder, modules=MODULES, root=ROOT, command=command, home=Path.home()))
        init.chmod(0o700)
        root = ("rootfstype=hostfs", "rootflags=/", "rw", "mem=2G", f"init={init}")
        quiet = ("con=null", "con0=null,null", f"uml_dir={folder}/")
        kernel = program("linux.uml", "user-mode-linux")
        with started(Command(argv=(kernel, *root, *quiet), cwd=folder)) as process:
            process.communicate()
        sys.stdout.write((folder / "output").read_text(errors="replace"))


if __name__ == "__main__":
    main()
