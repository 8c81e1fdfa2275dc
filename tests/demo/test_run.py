from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Release
from verl_doctor.demo import run, sandbox
from verl_doctor.demo.behaviour import Behaviour
from verl_doctor.errors import DoctorError
from verl_doctor.examine import failed
from verl_doctor.model import Verdict

CURED = run.Observed(behaviours=(Behaviour(patch="p", tried="t", seen="s", is_cured=True),))
BROKEN = run.Observed(behaviours=(Behaviour(patch="p", tried="t", seen="s", is_cured=False),))
RESTORED = run.Reverted(files=5, unlike_published=(), unlike_before=())
CHANGED = run.Reverted(files=5, unlike_published=("vllm/a.py",), unlike_before=("vllm/a.py", "b.py"))


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.real
def test_the_whole_demo(release: Release, scratch: Path) -> None:
    release("vllm", sandbox.VLLM)  # skips where there is no index
    steps = list(run.run(run.Apart()))
    match steps:
        case [
            run.Built(distributions=distributions),
            run.Checked(report=ill),
            run.Observed(is_cured=False),
            run.Proposed(diff=diff),
            run.Patched(files=files),
            run.Observed(is_cured=True),
            run.Checked(report=well),
            run.Reverted(files=588, unlike_published=(), unlike_before=()),
            run.Finished(is_proven=True),
        ]:
            assert distributions == len(sandbox.PUBLISHED) + len(sandbox.COMPANIONS)
            assert len(files) == 4
            assert all(f"--- a/{file}\n+++ b/{file}\n" in diff for file in files)
            errors = {result.name for result in ill.results if failed(result) and result.severity.rank == 0}
            assert errors == {"vllm07-world-size-assert", "vllm07-local-rank", "vllm07-empty-cache"}
            assert ill.verdict is Verdict.BROKEN
            assert well.verdict in {Verdict.HEALTHY, Verdict.DEGRADED}
        case _:
            pytest.fail(str([type(step).__name__ for step in steps]))
    assert list(scratch.iterdir()) == []


@pytest.mark.real
def test_the_sandbox_can_be_kept(release: Release, scratch: Path) -> None:
    release("vllm", sandbox.VLLM)
    with closing(run.run(run.Apart(), keep=True)) as steps:
        built = next(steps)
    assert isinstance(built, run.Built)
    assert built.sandbox.prefix.parent.parent == scratch
    assert built.sandbox.site_packages.is_dir()


@pytest.mark.real
def test_a_demo_that_is_broken_off_leaves_nothing(release: Release, scratch: Path) -> None:
    release("vllm", sandbox.VLLM)
    with closing(run.run(run.Apart())) as steps:
        next(steps)
        assert len(list(scratch.iterdir())) == 1
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("before", "after", "restored", "is_proven"),
    [
        pytest.param(BROKEN, CURED, RESTORED, True, id="as it should"),
        pytest.param(CURED, CURED, RESTORED, False, id="was not broken"),
        pytest.param(BROKEN, BROKEN, RESTORED, False, id="not cured"),
        pytest.param(BROKEN, CURED, CHANGED, False, id="not restored"),
    ],
)
def test_what_is_proven(before: run.Observed, after: run.Observed, restored: run.Reverted, is_proven: bool) -> None:
    assert run._finish(before, after, restored).is_proven is is_proven


def test_files_that_are_not_restored_are_named() -> None:
    words = run._finish(BROKEN, CURED, CHANGED).words
    assert words[-1] == "Reverted, 2 files are not as they were: b.py, vllm/a.py."


def test_the_sandbox_sees_no_other_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert run.Apart().environ == {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch, scratch: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sandbox, "make", full)
    with pytest.raises(DoctorError, match="No space left on device"):
        list(run.run(run.Apart()))
    assert list(scratch.iterdir()) == []
