"""A process that is killed by the system (SIGKILL) at any step: the next run ends in the old or the new state."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count

import pytest

from tests.patching.sandbox import FILES, FIXED, Sandbox
from verl_doctor.patching.writing.disk import Disk


class KillingDisk(Disk):
    """A disk whose process kills itself at a step."""

    def __init__(self, step: int) -> None:
        self.left = step

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def is_killed(run: Callable[..., object], step: int) -> bool:
    """Run in a child that is killed at that step; say whether there was such a step."""
    child = os.fork()
    if child == 0:
        try:
            run(disk=KillingDisk(step))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("before_it", [False, True], ids=["apply", "revert"])
@pytest.mark.parametrize("after_it", ["apply", "revert"])
def test_killed_at_every_step(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, before_it: bool, after_it: str
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # hundreds of runs, and nobody pulls the plug
    released = sandbox.snapshot()
    for step in count(1):
        if before_it:
            sandbox.apply()
        if not is_killed(sandbox.revert if before_it else sandbox.apply, step):
            break
        getattr(sandbox, after_it)()
        assert {file: sandbox.read(file) for file in FILES} == (FIXED if after_it == "apply" else FILES)
        assert sandbox.disagreements_with_record() == []
        sandbox.revert()
        assert sandbox.snapshot() == released
    assert step > 50
