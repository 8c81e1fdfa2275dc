"""What is in a file, and what only cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_host import FakeHost
from verl_doctor.errors import TargetError
from verl_doctor.patching import content


def test_a_file_and_none() -> None:
    host = FakeHost(files={"/a": b"1"})
    assert content.read(host, Path("/a")) == b"1"
    assert content.read(host, Path("/b")) is None


def test_a_file_that_cannot_be_read_is_not_taken_for_none() -> None:
    host = FakeHost(files={"/a": b"1"}, denied=frozenset({"/a"}))
    with pytest.raises(TargetError, match=r"^/a cannot be read: Permission denied\.$"):
        content.read(host, Path("/a"))
