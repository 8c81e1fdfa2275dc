"""A checkout that is installed as editable: its owner brings files back, moves on, and decides what is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.patching.sandbox import ALL, EMPTY_CACHE, FILES, FIXED, LOCAL_RANK, WORLD_SIZE, Sandbox, make
from verl_doctor.errors import PatchRefusedError
from verl_doctor.patching import receipts, repair, upgrade
from verl_doctor.patching.place import locate

MOVED_ON = {file: b"# a new line\n" + source for file, source in FILES.items()}


@pytest.fixture
def checkout(sandbox: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a checkout, which the sandbox is a link to; RECORD does not list its files."""
    made = Sandbox(tmp_path / "checkout")
    for file, source in FILES.items():
        made.write(file, source)
        (sandbox.site / file).unlink()
    link = f'{{"url": "file://{made.site}", "dir_info": {{"editable": true}}}}'
    (sandbox.metadata / "direct_url.json").write_text(link)
    (sandbox.metadata / "RECORD").write_text("__editable__.vllm.pth,,\n")
    return made


def _move_on(checkout: Sandbox) -> None:
    for file, source in MOVED_ON.items():
        checkout.write(file, source)


def test_a_new_commit_is_patched_anew(sandbox: Sandbox, checkout: Sandbox) -> None:
    sandbox.apply()
    _move_on(checkout)
    sandbox.apply()
    assert set(sandbox.states().values()) == {"applied"}
    sandbox.revert()
    assert {file: checkout.read(file) for file in FILES} == MOVED_ON


def test_the_receipts_of_an_old_commit_are_dropped(sandbox: Sandbox, checkout: Sandbox) -> None:
    before = sandbox.snapshot()
    sandbox.apply()
    _move_on(checkout)
    assert sandbox.revert().edits == ()
    assert sandbox.snapshot() == before
    assert {file: checkout.read(file) for file in FILES} == MOVED_ON


def test_the_other_receipts_stay(sandbox: Sandbox, checkout: Sandbox) -> None:
    sandbox.apply()
    _move_on(checkout)
    sandbox.revert("VDP001")
    place = locate(sandbox.target, sandbox.packages, "vllm")
    assert place
    assert receipts.read(sandbox.host, place).receipts.keys() == FILES.keys() - {WORLD_SIZE}


@pytest.mark.parametrize("has_record", [True, False])
def test_the_same_where_files_are_copied_in(sandbox: Sandbox, *, has_record: bool) -> None:
    if not has_record:
        (sandbox.metadata / "RECORD").unlink()
    sandbox.apply()
    _move_on(sandbox)
    sandbox.apply()
    sandbox.revert()
    assert {file: sandbox.read(file) for file in FILES} == MOVED_ON


def test_a_file_with_our_patch_and_a_change_is_refused_with_what_brings_it_back(
    sandbox: Sandbox, checkout: Sandbox
) -> None:
    sandbox.apply()
    checkout.write(LOCAL_RANK, FIXED[LOCAL_RANK] + b"# mine\n")
    with pytest.raises(PatchRefusedError) as refusal:
        sandbox.revert()
    others = " ".join(name for name in ALL if name != "vllm07-local-rank")
    assert str(refusal.value) == (
        f"Nothing was written: {checkout.site}/{LOCAL_RANK} was changed after verl-doctor patched it. "
        f"The others can be reverted by name: `--revert {others}`. "
        f"To get the committed files back: git -C {checkout.site} checkout -- {LOCAL_RANK}"
    )
    sandbox.revert(*others.split())
    assert checkout.read(EMPTY_CACHE) == FILES[EMPTY_CACHE]


def test_what_somebody_else_patched_comes_back_by_git(sandbox: Sandbox, checkout: Sandbox) -> None:
    checkout.write(LOCAL_RANK, FIXED[LOCAL_RANK])
    with pytest.raises(PatchRefusedError, match=f"git -C {checkout.site} checkout -- {LOCAL_RANK}$"):
        sandbox.revert("VDP002")


def test_what_somebody_else_patched_comes_back_from_the_index(sandbox: Sandbox) -> None:
    sandbox.write(LOCAL_RANK, FIXED[LOCAL_RANK])
    with pytest.raises(
        PatchRefusedError, match=r"published files back: .* --force-reinstall --no-deps 'vllm==0\.7\.2'$"
    ):
        sandbox.revert("VDP002")


@pytest.mark.parametrize("version", ["0.7.2+cu124", "0.7.3.dev12+g1234567"])
def test_no_index_has_a_build_of_ones_own(tmp_path: Path, version: str) -> None:
    sandbox = make(tmp_path / "site", version)
    found = sandbox.packages["vllm"]
    assert repair.command(sandbox.target, found) is None
    assert re.fullmatch(r"Install vllm 0\.7\.\S+ again from where it came: .*", repair.told(sandbox.target, found))


def test_no_upgrade_is_offered_to_a_checkout(sandbox: Sandbox, checkout: Sandbox) -> None:
    sandbox.write("torch-2.5.1.dist-info/METADATA", b"Name: torch\nVersion: 2.5.1\n")
    states = sandbox.full_states()
    assert {state.state for state in states.values()} == {"applicable"}
    assert upgrade.offers(sandbox.target, sandbox.packages, states) == ()
    (sandbox.metadata / "direct_url.json").unlink()
    [offer] = upgrade.offers(sandbox.target, sandbox.packages, states)
    assert (offer.version, checkout.site.is_dir()) == ("0.7.3", True)
