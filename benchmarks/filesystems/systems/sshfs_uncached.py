"""sshfs that asks the server each time."""

from __future__ import annotations

from benchmarks.filesystems.systems.sshfs import Sshfs


class SshfsUncached(Sshfs):
    """Without the twenty seconds for which a node may not see what another wrote."""

    name = "sshfs (no cache)"
    how = "As sshfs, with `-o dir_cache=no,entry_timeout=0,attr_timeout=0,negative_timeout=0,direct_io`."
    settles = 0.0
    options = ("reconnect", "dir_cache=no", "entry_timeout=0", "attr_timeout=0", "negative_timeout=0", "direct_io")


SYSTEM = SshfsUncached
