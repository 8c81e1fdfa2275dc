"""A run is killed, then the package is uninstalled or upgraded: the next run removes what was left."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.patching.sandbox import ALL, FILES, FIXED, Sandbox, make
from tests.patching.writing.test_faults import FaultyDisk, Killed
from verl_doctor.errors import PatchRefusedError, WriteFailedError
from verl_doctor.patching import leftovers
from verl_doctor.patching.place import locate
from verl_doctor.patching.writing.disk import Disk


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # hundreds of runs, and nobody pulls the plug


def _uninstall(sandbox: Sandbox) -> None:
    """Remove what RECORD lists, and the folders that are empty then, as uv and pip do."""
    with (sandbox.metadata / "RECORD").open(newline="") as file:
        paths = [sandbox.site / path for path, *_ in csv.reader(file)]
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in sorted({parent for path in paths for parent in path.parents}, reverse=True):
        if folder.is_relative_to(sandbox.site) and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _is_killed(run: Callable[..., object], step: int) -> bool:
    try:
        run(disk=FaultyDisk({step: Killed}))
    except Killed:
        return True
    return False


def _names(site: Path) -> list[str]:
    return sorted(str(path.relative_to(site)) for path in site.rglob("*"))


@pytest.mark.parametrize("killed", ["apply", "revert"])
@pytest.mark.parametrize("after_it", ["apply", "revert"])
def test_uninstalled(tmp_path: Path, killed: str, after_it: str) -> None:
    for step in count(1):
        sandbox = make(tmp_path / str(step))
        if killed == "revert":
            sandbox.apply()
        is_killed = _is_killed(getattr(sandbox, killed), step)
        _uninstall(sandbox)
        assert set(sandbox.states().values()) == {"absent"}
        getattr(sandbox, after_it)()
        if not is_killed:
            break
        assert _names(sandbox.site) == ["other-1.0.dist-info", "other-1.0.dist-info/METADATA"]
    assert step > 50


@pytest.mark.parametrize("killed", ["apply", "revert"])
@pytest.mark.parametrize("after_it", ["apply", "revert"])
def test_upgraded(tmp_path: Path, killed: str, after_it: str) -> None:
    """The new release has the very files that the patches make; they are not taken for half a patch."""
    make(tmp_path / "fresh", "0.8.0", files=FIXED)
    for step in count(1):
        sandbox = make(tmp_path / str(step))
        if killed == "revert":
            sandbox.apply()
        is_killed = _is_killed(getattr(sandbox, killed), step)
        _uninstall(sandbox)
        make(sandbox.site, "0.8.0", files=FIXED)
        assert set(sandbox.states().values()) == {"fixed-upstream"}
        getattr(sandbox, after_it)()
        if not is_killed:
            break
        assert _names(sandbox.site) == _names(tmp_path / "fresh")
        assert sandbox.disagreements_with_record() == []
        assert {file: sandbox.read(file) for file in FILES} == FIXED
    assert step > 50


@pytest.mark.parametrize("killed", ["apply", "revert"])
def test_reinstalled(tmp_path: Path, killed: str) -> None:
    before = make(tmp_path / "fresh").snapshot()
    for step in count(1):
        sandbox = make(tmp_path / str(step))
        if killed == "revert":
            sandbox.apply()
        is_killed = _is_killed(getattr(sandbox, killed), step)
        _uninstall(sandbox)
        make(sandbox.site)
        sandbox.revert()
        if not is_killed:
            break
        assert sandbox.snapshot() == before
    assert step > 50


def _left(sandbox: Sandbox) -> None:
    step = 1
    while _is_killed(sandbox.apply, step) and not (sandbox.metadata / "verl-doctor/receipt.json").exists():
        step += 1
    _uninstall(sandbox)


def test_what_is_left_is_told(sandbox: Sandbox) -> None:
    assert leftovers.interrupted(sandbox.target, sandbox.packages) == ()
    _left(sandbox)
    [place] = leftovers.interrupted(sandbox.target, sandbox.packages)
    assert (place.name, place.version, place.is_installed) == ("vllm", "0.7.2", False)
    assert {state.version for state in sandbox.full_states().values()} == {None}


def test_what_is_not_ours_stays(sandbox: Sandbox) -> None:
    _left(sandbox)
    (sandbox.metadata / "notes").write_bytes(b"mine")
    sandbox.revert()
    assert [path.name for path in sandbox.metadata.iterdir()] == ["notes"]
    assert leftovers.interrupted(sandbox.target, sandbox.packages) == ()


def test_what_cannot_be_removed_is_told(sandbox: Sandbox) -> None:
    class Keeping(Disk):
        def remove_folder(self, path: Path) -> bool:
            if path == sandbox.metadata and not any(path.iterdir()):
                raise PermissionError(13, "Permission denied", str(path))
            return super().remove_folder(path)

    _left(sandbox)
    with pytest.raises(WriteFailedError, match=r"0\.7\.2\.dist-info, left over from vllm 0\.7\.2, cannot be removed"):
        sandbox.revert(disk=Keeping())


def test_a_second_installation_keeps_its_receipts(sandbox: Sandbox) -> None:
    sandbox.apply()
    sandbox.write("vllm-0.7.1.dist-info/METADATA", b"Name: vllm\nVersion: 0.7.1\n")
    assert leftovers.find(sandbox.target, sandbox.packages) == ()
    assert set(sandbox.states()) == set(ALL)


def _without_metadata(sandbox: Sandbox) -> Sandbox:
    (sandbox.metadata / "METADATA").unlink()
    return sandbox


@pytest.mark.parametrize("run", ["apply", "revert"])
def test_originals_stay_while_files_are_patched(sandbox: Sandbox, run: str) -> None:
    before = sandbox.snapshot()
    sandbox.apply()
    described = (sandbox.metadata / "METADATA").read_bytes()
    broken = _without_metadata(sandbox).snapshot()
    with pytest.raises(PatchRefusedError, match=r"vllm 0\.7\.2 is not properly installed: .* install it again with `"):
        getattr(sandbox, run)()
    assert sandbox.snapshot() == broken
    assert leftovers.interrupted(sandbox.target, sandbox.packages) == ()
    (sandbox.metadata / "METADATA").write_bytes(described)
    sandbox.revert()
    assert sandbox.snapshot() == before


@pytest.mark.parametrize("run", ["apply", "revert"])
def test_a_run_that_was_interrupted_in_what_is_not_described_any_more(tmp_path: Path, run: str) -> None:
    for step in count(1):
        sandbox = make(tmp_path / str(step))
        if not _is_killed(sandbox.apply, step):
            break
        described = (sandbox.metadata / "METADATA").read_bytes()
        broken = _without_metadata(sandbox).snapshot()
        if {file: sandbox.read(file) for file in FILES} != FILES:
            with pytest.raises(PatchRefusedError, match="is not properly installed"):
                getattr(sandbox, run)()
            assert sandbox.snapshot() == broken
            (sandbox.metadata / "METADATA").write_bytes(described)
            sandbox.revert()
            assert {file: sandbox.read(file) for file in FILES} == FILES


def test_an_editable_checkout_that_is_not_described_any_more_is_still_patched(tmp_path: Path) -> None:
    sandbox = make(tmp_path / "site", files={})
    checkout = Sandbox(tmp_path / "checkout")
    for file, source in FILES.items():
        checkout.write(file, source)
    link = f'{{"url": "file://{checkout.site}", "dir_info": {{"editable": true}}}}'
    (sandbox.metadata / "direct_url.json").write_text(link)
    sandbox.apply()
    broken = _without_metadata(sandbox).snapshot()
    with pytest.raises(PatchRefusedError, match=f"--no-deps --editable {checkout.site}`"):
        sandbox.revert()
    assert sandbox.snapshot() == broken


def test_receipts_of_files_that_came_anew_are_left_over(sandbox: Sandbox) -> None:
    sandbox.apply()
    _without_metadata(sandbox)
    for file, source in FILES.items():
        sandbox.write(file, source)
    [place] = leftovers.interrupted(sandbox.target, sandbox.packages)
    assert leftovers.told(place) == (
        f"{sandbox.metadata} is left over from vllm 0.7.2, which is not installed any more; "
        "the next --apply or --revert removes what verl-doctor kept there."
    )
    sandbox.revert()
    assert not (sandbox.metadata / "verl-doctor").exists()


def test_an_interrupted_run_is_told_as_one(sandbox: Sandbox) -> None:
    (sandbox.metadata / "verl-doctor.journal-new").write_text("")
    [place] = leftovers.interrupted(sandbox.target, sandbox.packages)
    assert leftovers.told(place).startswith("A run that changed vllm 0.7.2 was interrupted;")


def test_what_is_uninstalled_meanwhile_keeps_its_originals_as_long_as_it_is_patched(sandbox: Sandbox) -> None:
    sandbox.apply()
    place = locate(sandbox.target, sandbox.packages, "vllm")
    assert place
    before = _without_metadata(sandbox).snapshot()
    with pytest.raises(PatchRefusedError, match=r"^Nothing was removed: .* files are there that verl-doctor patched"):
        leftovers.clear(place, Disk())
    assert sandbox.snapshot() == before
