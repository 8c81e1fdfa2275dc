"""Applying and reverting, on sources of our own writing that have the structure of the real ones."""

from __future__ import annotations

import errno
import os
import stat
from itertools import count
from pathlib import Path

import pytest

from tests.patching.sandbox import (
    ALL,
    EMPTY_CACHE,
    ENGINE,
    FILES,
    FIXED,
    LOCAL_RANK,
    WORLD_SIZE,
    Sandbox,
    compile_all,
    make,
)
from tests.patching.writing.test_faults import FaultyDisk, Killed
from verl_doctor.errors import BusyError, DataError, PatchRefusedError, TargetError, WriteFailedError
from verl_doctor.facts.packages import collect
from verl_doctor.patching.apply import apply
from verl_doctor.patching.writing.disk import Disk
from verl_doctor.target import find


class CountingDisk(Disk):
    """Counts what it does."""

    def __init__(self) -> None:
        self.steps = 0

    def step(self) -> None:
        self.steps += 1


def test_apply_edits_all_files(sandbox: Sandbox) -> None:
    assert sandbox.states() == dict.fromkeys(ALL, "applicable")
    plan = sandbox.apply()
    assert [edit.file for edit in plan.edits] == list(FIXED)
    assert {file: sandbox.read(file) for file in FIXED} == FIXED
    assert sandbox.states() == dict.fromkeys(ALL, "applied")


def test_revert_leaves_nothing_behind(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    sandbox.apply()
    assert sandbox.snapshot() != before
    sandbox.revert()
    assert sandbox.snapshot() == before


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_record_agrees_after_apply_and_is_the_same_after_revert(tmp_path: Path, end: str) -> None:
    sandbox = make(tmp_path, end=end)
    before = sandbox.read("vllm-0.7.2.dist-info/RECORD")
    assert sandbox.disagreements_with_record() == []
    sandbox.apply()
    assert sandbox.disagreements_with_record() == []
    assert sandbox.read("vllm-0.7.2.dist-info/RECORD").count(b"\r\n") in (
        0,
        sandbox.read("vllm-0.7.2.dist-info/RECORD").count(b"\n"),
    )
    sandbox.revert()
    assert sandbox.read("vllm-0.7.2.dist-info/RECORD") == before


def test_applying_twice_writes_nothing(sandbox: Sandbox) -> None:
    sandbox.apply()
    after = sandbox.snapshot()
    disk = CountingDisk()
    assert sandbox.apply(disk=disk).changes == ()
    assert disk.steps == 0
    assert sandbox.snapshot() == after


def test_reverting_twice_writes_nothing(sandbox: Sandbox) -> None:
    sandbox.apply()
    sandbox.revert()
    disk = CountingDisk()
    assert sandbox.revert(disk=disk).changes == ()
    assert disk.steps == 0


@pytest.mark.parametrize("name", ALL)
def test_one_patch_at_a_time(sandbox: Sandbox, name: str) -> None:
    before = sandbox.snapshot()
    sandbox.apply(name)
    assert sandbox.states() == {**dict.fromkeys(ALL, "applicable"), name: "applied"}
    sandbox.apply()
    assert sandbox.disagreements_with_record() == []
    sandbox.revert(name)
    assert sandbox.states() == {**dict.fromkeys(ALL, "applied"), name: "applicable"}
    assert sandbox.disagreements_with_record() == []
    sandbox.revert()
    assert sandbox.snapshot() == before


def test_a_hard_link_to_the_cache_keeps_its_content(sandbox: Sandbox, tmp_path: Path) -> None:
    sibling = tmp_path / "cache.py"
    os.link(sandbox.site / WORLD_SIZE, sibling)
    sandbox.apply()
    assert sibling.read_bytes() == FILES[WORLD_SIZE]
    sandbox.revert()
    assert sibling.stat().st_nlink == 1


def test_a_symbolic_link_to_the_cache_keeps_its_content(sandbox: Sandbox, tmp_path: Path) -> None:
    cached = tmp_path / "cache.py"
    (sandbox.site / WORLD_SIZE).rename(cached)
    (sandbox.site / WORLD_SIZE).symlink_to(cached)
    sandbox.apply()
    assert cached.read_bytes() == FILES[WORLD_SIZE]
    assert sandbox.read(WORLD_SIZE) == FIXED[WORLD_SIZE]


def test_a_file_in_a_folder_that_is_a_link_out_of_the_environment_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (sandbox.site / "vllm/distributed").rename(shared)
    (sandbox.site / "vllm/distributed").symlink_to(shared)
    before = sandbox.snapshot()
    with pytest.raises(
        PatchRefusedError, match=r"vllm/distributed is a link to .*/shared, which other environments may"
    ):
        sandbox.apply()
    assert sandbox.snapshot() == before
    assert (shared / "parallel_state.py").read_bytes() == FILES[WORLD_SIZE]


def test_an_environment_that_is_reached_through_a_link(sandbox: Sandbox, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(sandbox.site)
    Sandbox(link).apply()
    assert {file: sandbox.read(file) for file in FIXED} == FIXED


def test_a_file_that_changes_after_it_was_planned_is_left(sandbox: Sandbox) -> None:
    class Reinstalling(Disk):
        """Another installer writes while the new contents are put beside the files."""

        def create(self, path: Path, content: bytes, like: Path | None = None) -> None:
            if path.name.startswith(".llm_engine.py"):
                sandbox.write(EMPTY_CACHE, b"reinstalled")
            super().create(path, content, like)

    with pytest.raises(PatchRefusedError, match=r"weight_utils\.py was changed by another program meanwhile"):
        sandbox.apply(disk=Reinstalling())
    assert {file: sandbox.read(file) for file in FILES} == {**FILES, EMPTY_CACHE: b"reinstalled"}
    assert not (sandbox.metadata / "verl-doctor").exists()


def test_the_mode_stays(sandbox: Sandbox) -> None:
    path = sandbox.site / LOCAL_RANK
    path.chmod(0o754)
    sandbox.apply()
    assert stat.S_IMODE(path.stat().st_mode) == 0o754
    sandbox.revert()
    assert stat.S_IMODE(path.stat().st_mode) == 0o754


@pytest.mark.parametrize(("folder", "file"), [(0o755, 0o644), (0o775, 0o664), (0o700, 0o600)])
def test_what_is_kept_can_be_read_by_whoever_reads_the_metadata(sandbox: Sandbox, folder: int, file: int) -> None:
    sandbox.metadata.chmod(folder)
    mask = os.umask(0o077)
    try:
        sandbox.apply()
    finally:
        os.umask(mask)
    store = sandbox.metadata / "verl-doctor"
    assert stat.S_IMODE(store.stat().st_mode) == folder
    assert {stat.S_IMODE(path.stat().st_mode) for path in store.iterdir()} == {file}
    assert {stat.S_IMODE((sandbox.site / name).stat().st_mode) for name in FILES} == {0o644}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_keeps_belongs_to_the_owner_of_the_metadata(sandbox: Sandbox) -> None:
    os.chown(sandbox.metadata, 65534, 65534)
    sandbox.apply()
    store = sandbox.metadata / "verl-doctor"
    assert {(path.stat().st_uid, path.stat().st_gid) for path in (store, *store.iterdir())} == {(65534, 65534)}


def test_a_receipt_that_may_not_be_read_is_told(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    class Denying(type(sandbox.host)):  # type: ignore[misc] # a host with one unreadable file
        def read(self, path: Path, limit: int = 2**20) -> bytes:
            if path.name == "receipt.json":
                raise PermissionError(errno.EACCES, "Permission denied")
            return super().read(path, limit)  # type: ignore[no-any-return] # bytes

    sandbox.apply()
    monkeypatch.setattr(Sandbox, "host", Denying())
    with pytest.raises(TargetError, match=r"receipt\.json cannot be read: Permission denied"):
        sandbox.revert()


def test_bytecode_goes_and_that_of_others_stays(sandbox: Sandbox) -> None:
    for run in (sandbox.apply, sandbox.revert):
        stale = compile_all(sandbox)
        run()
        assert not [path for path in stale if path.exists()]
        assert (sandbox.site / "vllm/executor/__pycache__/uniproc_executor_of_another.cpython-312.pyc").exists()


def test_a_file_edited_by_hand_to_the_same_effect_is_left(sandbox: Sandbox) -> None:
    by_hand = FIXED[LOCAL_RANK].replace(b'environ["LOCAL_RANK"]', b'environ.get("LOCAL_RANK", "0")')
    sandbox.write(LOCAL_RANK, by_hand)
    assert [edit.file for edit in sandbox.apply().edits] == [WORLD_SIZE, EMPTY_CACHE, ENGINE]
    assert sandbox.read(LOCAL_RANK) == by_hand
    sandbox.revert()
    assert sandbox.read(LOCAL_RANK) == by_hand
    assert sandbox.read(WORLD_SIZE) == FILES[WORLD_SIZE]


def test_an_unfamiliar_second_file_stops_everything(sandbox: Sandbox) -> None:
    sandbox.write(
        LOCAL_RANK, FILES[LOCAL_RANK].replace(b"local_rank = rank\n        is_", b"local_rank = 0\n        is_")
    )
    before = sandbox.snapshot()
    with pytest.raises(PatchRefusedError, match=r"uniproc_executor\.py is not what vllm07-local-rank knows: _init"):
        sandbox.apply()
    assert sandbox.snapshot() == before
    assert [edit.file for edit in sandbox.apply("vllm07-empty-cache").edits] == [EMPTY_CACHE]


def test_an_edit_by_hand_is_not_reverted(sandbox: Sandbox) -> None:
    sandbox.write(WORLD_SIZE, FIXED[WORLD_SIZE])
    with pytest.raises(PatchRefusedError, match="vllm07-world-size-assert was not applied by verl-doctor"):
        sandbox.revert()
    sandbox.apply()
    with pytest.raises(PatchRefusedError, match="vllm07-world-size-assert was not applied by verl-doctor"):
        sandbox.revert("VDP001")
    sandbox.revert()
    assert sandbox.states()["vllm07-world-size-assert"] == "applied"
    sandbox.write(LOCAL_RANK, FIXED[LOCAL_RANK])
    with pytest.raises(PatchRefusedError, match="vllm07-world-size-assert, vllm07-local-rank were not applied by"):
        sandbox.revert()


def test_a_file_changed_since_is_not_reverted(sandbox: Sandbox) -> None:
    sandbox.apply()
    sandbox.write(EMPTY_CACHE, FIXED[EMPTY_CACHE] + b"# mine\n")
    before = sandbox.snapshot()
    with pytest.raises(
        PatchRefusedError, match=r"weight_utils\.py was changed after verl-doctor patched it.*==0\.7\.2"
    ):
        sandbox.revert()
    assert sandbox.snapshot() == before
    sandbox.revert("vllm07-local-rank")


def test_a_file_that_is_gone_is_not_reverted(sandbox: Sandbox) -> None:
    sandbox.apply()
    (sandbox.site / EMPTY_CACHE).unlink()
    with pytest.raises(PatchRefusedError, match=r"weight_utils\.py is gone"):
        sandbox.revert()


def test_a_damaged_original_is_not_put_back(sandbox: Sandbox) -> None:
    sandbox.apply()
    for original in sandbox.metadata.glob("verl-doctor/*.original"):
        original.write_bytes(b"?")
    with pytest.raises(PatchRefusedError, match="is damaged"):
        sandbox.revert()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"{", "is not the receipt that verl-doctor writes", id="no JSON"),
        pytest.param(b'{"schema_version": "1"}', "is not the receipt that verl-doctor writes", id="no files"),
        pytest.param(b'{"schema_version": "9"}', "written by another verl-doctor, in version '9'", id="newer"),
        pytest.param(b'{"schema_version": "1", "files": [{}]}', "is not the receipt", id="fields missing"),
    ],
)
def test_a_receipt_that_cannot_be_read(sandbox: Sandbox, content: bytes, message: str) -> None:
    sandbox.apply()
    (sandbox.metadata / "verl-doctor/receipt.json").write_bytes(content)
    with pytest.raises(DataError, match=message):
        sandbox.revert()


def test_a_reinstall_is_noticed(sandbox: Sandbox) -> None:
    sandbox.apply()
    make(sandbox.site)
    assert sandbox.states() == dict.fromkeys(ALL, "applicable")
    sandbox.revert()  # only forgets the receipt, which this reinstall left behind
    assert not (sandbox.metadata / "verl-doctor").exists()
    assert sandbox.disagreements_with_record() == []
    assert {file: sandbox.read(file) for file in FILES} == FILES


def test_applying_again_after_a_reinstall(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    sandbox.apply()
    make(sandbox.site)
    sandbox.apply()
    assert sandbox.disagreements_with_record() == []
    sandbox.revert()
    assert sandbox.snapshot() == before


def test_an_uninstall_by_record_leaves_nothing(sandbox: Sandbox) -> None:
    sandbox.apply()
    for line in sandbox.read("vllm-0.7.2.dist-info/RECORD").decode().splitlines():
        (sandbox.site / line.partition(",")[0]).unlink(missing_ok=True)
    assert [path for path in sandbox.site.glob("vllm*/**/*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("version", "state"),
    [
        pytest.param("0.6.3", "absent", id="before the range"),
        pytest.param("0.8.0", "unrecognised", id="fixed release that has the bug"),
        pytest.param("dev", "unrecognised", id="no version"),
    ],
)
def test_a_release_outside_the_range_is_reported_and_left(tmp_path: Path, version: str, state: str) -> None:
    sandbox = make(tmp_path, version)
    before = sandbox.snapshot()
    assert set(sandbox.states().values()) == {state}
    assert sandbox.apply().changes == ()
    assert sandbox.snapshot() == before


def test_a_release_with_the_fix(tmp_path: Path) -> None:
    sandbox = make(tmp_path, "0.8.0", files=FIXED)
    assert set(sandbox.states().values()) == {"fixed-upstream"}
    assert sandbox.apply().changes == ()


def test_without_the_package_there_is_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "other-1.0.dist-info").mkdir()
    sandbox = Sandbox(tmp_path)
    assert set(sandbox.states().values()) == {"absent"}
    assert sandbox.apply().changes == ()
    assert sandbox.revert().changes == ()


def _editable(site: Path, checkout: Path) -> Sandbox:
    """Make a site-packages with vLLM in it as an editable checkout."""
    sandbox = make(site, files={})
    for file, content in FILES.items():
        Sandbox(checkout).write(file, content)
    link = f'{{"url": "file://{checkout}", "dir_info": {{"editable": true}}}}'
    sandbox.write("vllm-0.7.2.dist-info/direct_url.json", link.encode())
    return sandbox


def test_an_editable_checkout_has_no_record_to_keep(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    sandbox = _editable(tmp_path / "site-packages", checkout)
    before = sandbox.snapshot()
    sandbox.apply()
    assert {file: (checkout / file).read_bytes() for file in FIXED} == FIXED
    sandbox.revert()
    assert {file: (checkout / file).read_bytes() for file in FILES} == FILES
    assert sandbox.snapshot() == before


def test_two_environments_with_one_checkout(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    first, second = (_editable(tmp_path / name, checkout) for name in ("first", "second"))
    released = Sandbox(checkout).snapshot()
    for step in count(1):
        with pytest.raises(Killed):
            first.apply(disk=FaultyDisk({step: Killed}))
        if (checkout / WORLD_SIZE).read_bytes() == FIXED[WORLD_SIZE]:
            break
    interrupted, before = Sandbox(checkout).snapshot(), second.snapshot()
    assert {file: (checkout / file).read_bytes() for file in FILES} not in (FILES, FIXED)
    with pytest.raises(
        PatchRefusedError, match=rf"changes {checkout}/.* for {first.metadata} was interrupted\. End it"
    ):
        second.apply()
    assert (Sandbox(checkout).snapshot(), second.snapshot()) == (interrupted, before)
    first.revert()
    assert Sandbox(checkout).snapshot() == released
    second.apply()
    assert {file: (checkout / file).read_bytes() for file in FIXED} == FIXED
    second.revert()
    assert Sandbox(checkout).snapshot() == released


def test_two_environments_with_one_checkout_at_once(tmp_path: Path) -> None:
    first, second = (_editable(tmp_path / name, tmp_path / "checkout") for name in ("first", "second"))

    class Meeting(Disk):
        def create(self, path: Path, content: bytes, like: Path | None = None) -> None:
            if path.name.endswith("-by"):
                with pytest.raises(BusyError, match=r"Another verl-doctor is changing .*/checkout; nothing was"):
                    second.apply()
            super().create(path, content, like)

    first.apply(disk=Meeting())
    assert second.apply().changes == ()


@pytest.mark.parametrize("is_a_link", [False, True])
def test_a_checkout_that_is_not_in_the_image(tmp_path: Path, *, is_a_link: bool) -> None:
    image, checkout = tmp_path / "image", tmp_path / "checkout"
    sandbox = make(image / "usr/lib/python3.12/site-packages", files={})
    for file, content in FILES.items():
        Sandbox(checkout).write(file, content)
    (image / "src").mkdir()
    (image / "src/vllm").symlink_to(checkout)
    url = "file:///src/vllm" if is_a_link else "file:///../checkout"
    link = f'{{"url": "{url}", "dir_info": {{"editable": true}}}}'
    sandbox.write("vllm-0.7.2.dist-info/direct_url.json", link.encode())
    target = find(sandbox.host, prefix=image, own=image)
    assert target.root == str(image)
    before = sandbox.snapshot()
    with pytest.raises(PatchRefusedError, match=rf"^Nothing was written: .* is {checkout}/vllm/.*, which is not in"):
        apply(sandbox.host, target, collect(sandbox.host, target), sandbox.patches())
    assert sandbox.snapshot() == before
    assert {file: (checkout / file).read_bytes() for file in FILES} == FILES


def test_metadata_without_record(sandbox: Sandbox) -> None:
    (sandbox.metadata / "RECORD").unlink()
    before = sandbox.snapshot()
    sandbox.apply()
    assert not (sandbox.metadata / "RECORD").exists()
    sandbox.revert()
    assert sandbox.snapshot() == before


def test_a_file_that_cannot_be_read(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    class Denying(type(sandbox.host)):  # type: ignore[misc] # a host with one unreadable file
        def read(self, path: Path, limit: int = 2**20) -> bytes:
            if path.name == "weight_utils.py":
                raise PermissionError(errno.EACCES, "Permission denied")
            return super().read(path, limit)  # type: ignore[no-any-return] # bytes

    monkeypatch.setattr(Sandbox, "host", Denying())
    found = sandbox.full_states()["vllm07-empty-cache"]
    assert (found.state, found.reason) == (
        "unrecognised",
        f"{sandbox.site / EMPTY_CACHE} cannot be read: Permission denied",
    )
    with pytest.raises(TargetError, match=r"weight_utils\.py cannot be read: Permission denied"):
        sandbox.apply()


class FailingDisk(Disk):
    """A disk on which one step fails."""

    def __init__(self, step: int, number: int) -> None:
        self.left, self.number = step, number

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError(self.number, os.strerror(self.number), "somewhere")


def test_an_error_at_any_step_changes_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # hundreds of runs, and nobody pulls the plug
    before = sandbox.snapshot()
    counting = CountingDisk()
    sandbox.apply(disk=counting)
    sandbox.revert()
    outcomes = set()
    for step in range(1, counting.steps + 1):
        with pytest.raises(WriteFailedError) as caught:
            sandbox.apply(disk=FailingDisk(step, errno.ENOSPC))
        assert "No space left on device" in str(caught.value)
        if "nothing was changed" in str(caught.value):
            outcomes.add("old")
        else:
            outcomes.add("new")
            assert "Everything was written" in str(caught.value)
            assert sandbox.apply("VDP001").changes == ()
            sandbox.revert()
        assert sandbox.snapshot() == before
    assert outcomes == {"old", "new"}


def test_a_read_only_file_system_is_called_that(sandbox: Sandbox) -> None:
    with pytest.raises(WriteFailedError, match="cannot be written: it is on a read-only file system; nothing was"):
        sandbox.apply(disk=FailingDisk(5, errno.EROFS))


def test_an_interruption_by_the_user_changes_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sandbox.snapshot()
    replace = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        if target.name == "weight_utils.py":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sandbox.apply()
    assert sandbox.snapshot() == before


def test_a_failing_replace_changes_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sandbox.snapshot()
    replace = Path.replace

    def denied(self: Path, target: Path) -> Path:
        if target.name == "weight_utils.py":
            raise PermissionError(errno.EACCES, "Permission denied", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", denied)
    with pytest.raises(
        WriteFailedError, match=r"weight_utils\.py cannot be written: Permission denied; nothing was changed"
    ):
        sandbox.apply()
    assert sandbox.snapshot() == before


def test_where_even_putting_back_fails_the_next_run_does_it(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sandbox.snapshot()
    replace = Path.replace

    def denied(self: Path, target: Path) -> Path:
        if target.name == "weight_utils.py" or self.name.endswith("-old"):
            raise OSError(errno.EIO, "Input/output error", str(target))
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", denied)
        with pytest.raises(WriteFailedError, match=r"nor could everything be put back .*\.journal"):
            sandbox.apply()
        with pytest.raises(WriteFailedError, match="interrupted cannot be undone"):
            sandbox.apply()
    assert sandbox.snapshot() != before
    sandbox.apply()
    sandbox.revert()
    assert sandbox.snapshot() == before


def test_a_refusal_outranks_a_file_system_that_cannot_be_written(sandbox: Sandbox) -> None:
    sandbox.write(LOCAL_RANK, b"")
    with pytest.raises(PatchRefusedError):
        sandbox.apply(disk=FailingDisk(1, errno.EROFS))
    sandbox.write(LOCAL_RANK, FILES[LOCAL_RANK])
    with pytest.raises(WriteFailedError, match=r"dist-info.* cannot be written: .*read-only file system; nothing was"):
        sandbox.apply(disk=FailingDisk(1, errno.EROFS))


def test_a_file_that_this_node_did_not_see_yet(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another node made it, and what this one knows of the folder is older."""
    note = sandbox.metadata / "verl-doctor.journal-new"
    note.touch()
    lexists = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda path: path != note and lexists(path))
    sandbox.apply()
    assert not note.exists()


def test_a_lost_original_stops_what_would_go_on_top_of_it(sandbox: Sandbox) -> None:
    sandbox.apply("vllm07-world-size-assert")
    (original,) = (sandbox.metadata / "verl-doctor").glob("*.original")
    original.unlink()
    before = sandbox.snapshot()
    with pytest.raises(PatchRefusedError, match=rf"the original of {WORLD_SIZE} is no longer kept.*Reinstall"):
        sandbox.apply()
    assert sandbox.snapshot() == before
