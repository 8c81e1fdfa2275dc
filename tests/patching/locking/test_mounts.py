"""The table of mounts is read as proc_pid_mountinfo(5) says; what is not known counts as shared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_host import FakeHost
from verl_doctor.host import LocalHost
from verl_doctor.patching.locking import mounts

TABLE = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:5 / /proc rw - proc proc rw
40 22 0:40 / /home rw master:3 - lustre 10.0.0.1@tcp:/home rw,lazystatfs
41 40 0:41 / /home/me/fast rw - tmpfs tmpfs rw
42 22 0:42 /sub /mnt/with\040blank rw - fuse.sshfs node:/env rw,user_id=0
43 22 0:43 / /mnt/twice rw - nfs4 server:/a rw
44 22 0:44 / /mnt/twice rw - xfs /dev/vdb rw
not a line of it
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/opt/env", "ext4"),
        ("/home/me/env/lib", "lustre"),
        ("/home/me/fast/env", "tmpfs"),
        ("/homes", "ext4"),
        ("/mnt/with blank/env", "fuse.sshfs"),
        ("/mnt/twice/env", "xfs"),
    ],
)
def test_the_nearest_mount_counts(path: str, kind: str) -> None:
    host = FakeHost({str(mounts.TABLE): TABLE})
    found = mounts.of(host, Path(path))
    assert found is not None
    assert found.kind == kind
    assert mounts.is_of_this_node(host, Path(path)) == (kind in {"ext4", "tmpfs", "xfs"})


@pytest.mark.parametrize("files", [{}, {str(mounts.TABLE): ""}])
def test_what_the_system_does_not_tell_counts_as_shared(files: dict[str, str]) -> None:
    assert not mounts.is_of_this_node(FakeHost(files), Path("/opt"))


def test_this_machine() -> None:
    found = mounts.of(LocalHost(), Path("/proc/self"))
    assert found is not None
    assert found.kind == "proc"
