"""The guides for contributors: what they have their reader write works, and reads like the rest of the code."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.guide import GUIDES, ROOT, block, files, follow
from tests.knowledge import test_entries
from verl_doctor.knowledge.failure import Failure
from verl_doctor.knowledge.load import FOLDER, failures
from verl_doctor.matrix.load import load as load_matrix
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Failed, Passed
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.verify import verify

WITH_TESTS = ("check.md", "lint-rule.md", "probe.md")


@pytest.mark.parametrize("guide", WITH_TESTS)
def test_its_tests_pass(guide: str, tmp_path: Path) -> None:
    finished = follow(guide, tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("guide", sorted(path.name for path in GUIDES.iterdir()))
def test_its_code_reads_like_ours(guide: str) -> None:
    for path, code in files(guide).items():
        for command in (["check"], ["format", "--check"]):
            finished = subprocess.run(
                [sys.executable, "-m", "ruff", *command, "--no-cache", "--stdin-filename", path, "-"],
                check=False,
                capture_output=True,
                cwd=ROOT,
                input=code,
                text=True,
            )
            assert finished.returncode == 0, finished.stdout


def matrix_with(sources: str) -> Matrix:
    """Our matrix with these sources more."""
    text = ROOT.joinpath("compat_matrix.yaml").read_text("utf-8")
    return Matrix(text.replace("\nsources:\n", f"\nsources:\n{sources}", 1), "compat_matrix.yaml")


def entry_of(guide: str) -> Failure:
    """The failure of a guide, read together with those that there are."""
    known = [(path.name, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.yaml"))]
    found = failures([*known, (guide, block(guide, "entry"))], load_matrix())
    return next(each for each in found if each.written.file == guide)


@pytest.fixture(scope="module")
def failure() -> Failure:
    """The failure that the guide writes."""
    return entry_of("failure.md")


def test_a_failure_is_found_in_its_cases(failure: Failure) -> None:
    (cases,) = eval(block("failure.md", "cases"), vars(test_entries)).values()
    found, silent = cases
    matrix = matrix_with(block("failure.md", "source"))
    assert [type(failure.ask(facts, matrix)) for facts in found] == [Failed] * len(found)
    assert [type(failure.ask(facts, matrix)) for facts in silent] == [Passed] * len(silent)


def test_a_failure_is_found_in_its_lines(failure: Failure) -> None:
    (lines,) = eval(block("failure.md", "lines")).values()
    found, silent = lines
    assert all(failure.texts.is_in(line) for line in found)
    assert not any(failure.texts.is_in(line) for line in silent)


def test_a_patch_holds_on_its_examples(tmp_path: Path) -> None:
    ((_, code),) = files("patch.md").items()
    path = tmp_path / "guide.py"
    path.write_text(code)
    spec = importlib.util.spec_from_file_location("guide", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert isinstance(module.PATCH, Patch)
    assert verify(module.PATCH).problems == ()
    entry = entry_of("patch.md")
    assert (entry.id, entry.name) == (module.PATCH.id, module.PATCH.name)


def test_a_probe_is_declared_as_it_says() -> None:
    from verl_doctor.smoke.probes import Probe

    probe = eval(block("probe.md", "probe"), {"Probe": Probe})
    assert f"verl_doctor/smoke/child/probes/{probe.name.replace('-', '_')}.py" in files("probe.md")
