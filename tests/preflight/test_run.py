"""The steps: each sees what the one before left, and none runs for nothing."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.environments import make
from tests.patching.sandbox import FILES, FIXED, LOCAL_RANK
from tests.report.preflights import TODAY
from verl_doctor.examine import failed
from verl_doctor.host import LocalHost
from verl_doctor.matrix.load import load
from verl_doctor.model import Verdict
from verl_doctor.preflight.policy import Policy
from verl_doctor.preflight.result import NotTried, Preflight
from verl_doctor.preflight.run import Wish, run
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.sessions import Device
from verl_doctor.target import Target, find

NO_SMOKE = Wish(level=None, today=TODAY)


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An environment with an unpatched vLLM 0.7.2, whose files are of our own writing."""
    site = make(tmp_path / "env", {"vllm": ("0.7.2", ())})
    for file, content in FILES.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_bytes(content)
    return tmp_path / "env"


def preflight(prefix: Path, wish: Wish, told: list[object] | None = None) -> Preflight:
    host = LocalHost()
    heard: list[object] = [] if told is None else told
    return run(host, find(host, prefix=prefix, own=prefix), load(), wish, heard.append)


def contents(prefix: Path) -> dict[str, bytes]:
    return {file: next(prefix.rglob(file)).read_bytes() for file in FILES}


def test_without_a_wish_nothing_is_written(prefix: Path) -> None:
    told: list[object] = []
    found = preflight(prefix, NO_SMOKE, told)
    assert contents(prefix) == FILES
    assert "vllm07-local-rank" in found.patches.in_state("applicable")
    assert found.smoke_test == NotTried(reason="none is asked for", is_wanted=False)
    assert told == ["checking"]


def test_the_check_is_of_what_was_patched(prefix: Path) -> None:
    found = preflight(prefix, replace(NO_SMOKE, apply=True))
    assert contents(prefix) == FIXED
    assert len(found.patches.changed) == len(FILES)
    assert set(found.patches.in_state("applied")) == {
        "vllm07-world-size-assert",
        "vllm07-local-rank",
        "vllm07-empty-cache",
        "v0-n-gt1-leak",
    }
    assert not {result.name for result in found.check.results if failed(result)} & set(found.patches.states)
    again = preflight(prefix, replace(NO_SMOKE, apply=True))
    assert (again.patches.changed, again.patches.refusal) == ((), None)


def test_what_no_patch_knows_is_refused_and_reported(prefix: Path) -> None:
    file = next(prefix.rglob(LOCAL_RANK))
    file.write_bytes(b"def something():\n    return 1\n")
    before = contents(prefix)
    found = preflight(prefix, replace(NO_SMOKE, apply=True))
    assert contents(prefix) == before
    assert found.patches.refusal is not None
    assert found.patches.refusal.exit_code == 1
    assert "vllm07-local-rank" in found.patches.refusal.reason
    assert (found.verdict, found.exit_code) == (Verdict.BROKEN, 1)


def test_a_patch_that_the_policy_requires_is_found_missing_and_applied(prefix: Path) -> None:
    policy = Policy(origin="p.toml", patches=("vllm07-local-rank",))
    wish = replace(NO_SMOKE, policy=policy)

    def missing(found: Preflight) -> bool:
        return any(result.name == "required-patch-missing" and failed(result) for result in found.check.results)

    assert missing(preflight(prefix, wish))
    assert not missing(preflight(prefix, replace(wish, apply=True)))


def test_no_smoke_test_of_what_is_broken(prefix: Path) -> None:
    found = preflight(prefix, Wish(today=TODAY, device=Device.CPU))
    assert isinstance(found.smoke_test, NotTried)
    assert found.smoke_test.is_wanted
    assert found.check.primary is not None
    assert found.smoke_test.reason == f"the check found {found.check.primary.name}; --keep-going tries all the same"


def test_keep_going_tries_all_the_same() -> None:
    host = LocalHost()
    target = find(host, python=Path(sys.executable), own=Path(sys.prefix))
    told: list[object] = []
    wish = Wish(today=TODAY, device=Device.CPU, keep_going=True)
    found = run(host, target, load(), wish, told.append)
    assert isinstance(found.smoke_test, SmokeTest)
    assert {result.reason for result in found.smoke_test.results} == {"torch is not installed here"}
    assert len(told) > 1
    assert (found.verdict, found.exit_code) == (Verdict.BROKEN, 1)


def test_where_nothing_can_be_run_the_reason_is_told(prefix: Path) -> None:
    host = LocalHost()
    target: Target = replace(find(host, prefix=prefix, own=prefix), python=None)
    found = run(host, target, load(), Wish(today=TODAY, device=Device.CPU, keep_going=True), str)
    assert isinstance(found.smoke_test, NotTried)
    assert "has no Python that can be run here" in found.smoke_test.reason
    assert "--level none asks for none" in found.smoke_test.reason
