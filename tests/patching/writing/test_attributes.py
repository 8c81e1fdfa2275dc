"""What is put in the place of a file is for the same readers and writers, or nothing is changed."""

from __future__ import annotations

import errno
import os
import stat
import struct
from pathlib import Path

import pytest

from tests.patching.sandbox import LOCAL_RANK, WORLD_SIZE, Sandbox
from verl_doctor.errors import WriteFailedError

ACL, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
OWNER, USER, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
NOBODY = 65534


def acl(*entries: tuple[int, int] | tuple[int, int, int]) -> bytes:
    """Return an access list as Linux stores it: kind, rights and, for named users, their number."""
    rows = [struct.pack("<HHI", kind, rights, *(who or (0xFFFFFFFF,))) for kind, rights, *who in entries]
    return struct.pack("<I", 2) + b"".join(rows)


FOR_ONE_USER = acl((OWNER, 6), (USER, 6, 1234), (GROUP, 0), (MASK, 6), (OTHER, 0))


def has(path: Path, name: str) -> bytes | None:
    try:
        return os.getxattr(path, name)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        return None


@pytest.fixture
def listed(sandbox: Sandbox) -> Sandbox:
    try:
        os.setxattr(sandbox.site / WORLD_SIZE, ACL, FOR_ONE_USER)
        os.setxattr(sandbox.site / WORLD_SIZE, "user.note", b"ours")
    except OSError as error:
        pytest.skip(f"no access lists here: {error}")
    return sandbox


def test_access_lists_and_notes_stay(listed: Sandbox) -> None:
    path = listed.site / WORLD_SIZE
    before = path.stat().st_mode
    for run in (listed.apply, listed.revert):
        run()
        assert (has(path, ACL), has(path, "user.note"), path.stat().st_mode) == (FOR_ONE_USER, b"ours", before)


def test_a_list_that_a_folder_hands_down_is_not_taken_on(listed: Sandbox) -> None:
    path = listed.site / LOCAL_RANK
    os.setxattr(path.parent, DEFAULT, FOR_ONE_USER)
    for run in (listed.apply, listed.revert):
        run()
        assert has(path, ACL) is None
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_list_that_cannot_be_kept_stops_everything(listed: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = listed.snapshot()
    monkeypatch.setattr(os, "setxattr", refused)
    with pytest.raises(
        WriteFailedError, match=r"parallel_state\.py cannot be written: No space left on device; nothing"
    ):
        listed.apply()
    assert listed.snapshot() == before


@pytest.mark.parametrize("name", ["security.selinux", "trusted.overlay.opaque"])
def test_what_only_the_system_may_set_is_left_to_it(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "listxattr", lambda _: [name])
    monkeypatch.setattr(os, "getxattr", lambda *_: b"value")
    monkeypatch.setattr(os, "setxattr", refused)
    sandbox.apply()


def test_a_file_system_without_attributes(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: object) -> list[str]:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(os, "listxattr", unknown)
    sandbox.apply()
    sandbox.revert()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else_is_not_taken_over(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    os.chown(sandbox.site / LOCAL_RANK, NOBODY, -1)
    before = sandbox.snapshot()
    monkeypatch.setattr(os, "fchown", refused)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with pytest.raises(WriteFailedError, match=r"uniproc_executor\.py cannot be written: it belongs to another user"):
        sandbox.apply()
    assert sandbox.snapshot() == before
    assert (sandbox.site / LOCAL_RANK).stat().st_uid == NOBODY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else_that_this_user_may_write_is_patched(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shared environment: files of a colleague, for a group to write."""
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    os.chown(sandbox.site / LOCAL_RANK, NOBODY, -1)
    sandbox.apply()
    assert set(sandbox.states().values()) == {"applied"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_group_that_a_container_does_not_know(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    os.chown(sandbox.site / LOCAL_RANK, -1, NOBODY)
    monkeypatch.setattr(os, "fchown", unknown)
    sandbox.apply()
    assert set(sandbox.states().values()) == {"applied"}


def test_what_is_kept_until_all_is_done_takes_no_room(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    inode = (sandbox.site / LOCAL_RANK).stat().st_ino
    linked = []

    def link(path: Path, kept: Path, *, follow_symlinks: bool) -> None:
        linked.append(path)
        assert not follow_symlinks
        real(path, kept, follow_symlinks=False)

    real = os.link
    monkeypatch.setattr(os, "link", link)
    sandbox.apply()
    assert sandbox.site / LOCAL_RANK in linked
    assert (sandbox.site / LOCAL_RANK).stat().st_ino != inode


def test_a_file_system_without_links(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", none)
    before = sandbox.snapshot()
    sandbox.apply()
    assert set(sandbox.states().values()) == {"applied"}
    sandbox.revert()
    assert sandbox.snapshot() == before
