"""What is in a file, and what only cannot be read."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fake_host import FakeHost
from verl_doctor.errors import TargetError
from verl_doctor.host import READ_LIMIT
from verl_doctor.patching.writing import content


def test_a_file_and_none() -> None:
    host = FakeHost(files={"/a": b"1"})
    assert content.read(host, Path("/a")) == b"1"
    assert content.read(host, Path("/b")) is None


def test_a_file_that_cannot_be_read_is_not_taken_for_none() -> None:
    host = FakeHost(files={"/a": b"1"}, denied=frozenset({"/a"}))
    with pytest.raises(TargetError, match=r"^/a cannot be read: Permission denied\.$"):
        content.read(host, Path("/a"))


@dataclass
class Shared(FakeHost):
    """A machine on which other nodes write, and a read fails for a while."""

    stale: int = 0

    def read_anew(self, path: Path, limit: int = READ_LIMIT) -> bytes:
        self.stale -= 1
        if self.stale >= 0:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        return super().read_anew(path, limit)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "_PAUSE", 0)


def test_a_file_that_another_node_has_just_replaced_is_read_again() -> None:
    assert content.read(Shared(files={"/a": b"1"}, stale=3), Path("/a")) == b"1"


def test_one_that_stays_stale_is_told() -> None:
    with pytest.raises(TargetError, match="/a cannot be read: Stale file handle"):
        content.read(Shared(files={"/a": b"1"}, stale=10**6), Path("/a"))


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "READ_LIMIT", 2**20)
    assert content.read(FakeHost(files={"/a": bytes(2**20)}), Path("/a")) == bytes(2**20)
    with pytest.raises(TargetError, match="/a has more than 1 MiB"):
        content.read(FakeHost(files={"/a": bytes(2**20 + 1)}), Path("/a"))
