"""Taking back one of two patches of the same file."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.patching.sandbox import EMPTY_CACHE, FILES, FIXED, WORLD_SIZE, Sandbox, make
from verl_doctor.errors import PatchRefusedError
from verl_doctor.patching import catalogue
from verl_doctor.patching.apply import apply, revert
from verl_doctor.patching.patch import Patch

(FIRST,) = catalogue.load(["VDP003"])
SECOND = replace(
    FIRST,
    id="VDP999",
    name="another-empty-cache",
    sites=(replace(FIRST.site(), scope="other_weights_iterator"),),
    trace=re.compile(b"empty_cache"),
)
BOTH = (FIRST, SECOND)
CALL = b"        torch.cuda.empty_cache()\n"


def _apply(sandbox: Sandbox, *patches: Patch) -> None:
    apply(sandbox.host, sandbox.target, sandbox.packages, patches)


def _revert(sandbox: Sandbox, *patches: Patch) -> None:
    revert(sandbox.host, sandbox.target, sandbox.packages, patches)


@pytest.fixture
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "built_in", lambda: BOTH)


@pytest.mark.usefixtures("_known")
@pytest.mark.parametrize("at_once", [True, False])
def test_each_can_be_taken_back_alone(sandbox: Sandbox, *, at_once: bool) -> None:
    before = sandbox.snapshot()
    for patches in [BOTH] if at_once else [(FIRST,), (SECOND,)]:
        _apply(sandbox, *patches)
    assert sandbox.read(EMPTY_CACHE) == FIXED[EMPTY_CACHE].replace(CALL, b"")
    assert sandbox.disagreements_with_record() == []
    _revert(sandbox, SECOND)
    assert sandbox.read(EMPTY_CACHE) == FIXED[EMPTY_CACHE]
    assert sandbox.disagreements_with_record() == []
    _revert(sandbox, FIRST)
    assert sandbox.snapshot() == before


@pytest.mark.usefixtures("_known")
def test_the_first_can_be_taken_back_before_the_second(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    _apply(sandbox, *BOTH)
    _revert(sandbox, FIRST)
    assert sandbox.read(EMPTY_CACHE) == FILES[EMPTY_CACHE].replace(CALL, b"", 1)
    _revert(sandbox, SECOND)
    assert sandbox.snapshot() == before


def test_one_that_stays_must_be_known(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    _apply(sandbox, *BOTH)
    with pytest.raises(PatchRefusedError, match=r"weight_utils\.py has more patches.*\(another-empty-cache\)"):
        _revert(sandbox, FIRST)
    _revert(sandbox, *BOTH)
    assert sandbox.snapshot() == before


@pytest.mark.usefixtures("_known")
def test_a_second_patch_does_not_lose_the_original_that_a_change_by_hand_covers(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    _apply(sandbox, FIRST)
    sandbox.write(EMPTY_CACHE, FIXED[EMPTY_CACHE] + b"# mine\n")
    changed = sandbox.snapshot()
    with pytest.raises(PatchRefusedError, match=r"weight_utils\.py was changed after verl-doctor patched it, so that"):
        _apply(sandbox, SECOND)
    assert sandbox.snapshot() == changed
    sandbox.write(EMPTY_CACHE, FIXED[EMPTY_CACHE])
    _apply(sandbox, SECOND)
    _revert(sandbox)
    assert sandbox.snapshot() == before


@pytest.mark.usefixtures("_known")
def test_another_build_of_the_release_that_left_the_receipt_behind(sandbox: Sandbox) -> None:
    _apply(sandbox, FIRST)
    other_build = {**FILES, EMPTY_CACHE: FILES[EMPTY_CACHE] + b"# built elsewhere\n"}
    make(sandbox.site, files=other_build)
    _apply(sandbox, SECOND)
    assert sandbox.disagreements_with_record() == []
    _revert(sandbox)
    assert sandbox.read(EMPTY_CACHE) == other_build[EMPTY_CACHE]
    assert sandbox.disagreements_with_record() == []


@pytest.mark.parametrize("is_applied_again", [False, True])
def test_files_that_were_put_back_by_hand_get_their_rows_back(sandbox: Sandbox, *, is_applied_again: bool) -> None:
    before = sandbox.snapshot()
    sandbox.apply()
    for file, content in FILES.items():
        sandbox.write(file, content)
    if is_applied_again:
        sandbox.apply("VDP001")
        assert WORLD_SIZE not in sandbox.disagreements_with_record()
    sandbox.revert()
    assert sandbox.snapshot() == before
