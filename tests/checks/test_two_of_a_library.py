"""Two CUDA majors, and two NCCLs, in one environment."""

from __future__ import annotations

import pytest

from tests.checks.asked import findings
from tests.facts_of import SITE, facts_of
from verl_doctor.facts.libraries import Library
from verl_doctor.facts.snapshot import Facts


def library(name: str, version: str, provider: str, cuda: str | None = None) -> Library:
    return Library(name=name, version=version, cuda=cuda, provider=provider, path=SITE)


RUNTIME_12 = library("cudart", "12.4.127", "nvidia-cuda-runtime-cu12", "12")
RUNTIME_13 = library("cudart", "13.0.96", "nvidia-cuda-runtime")
CUBLAS_12 = library("cublas", "12.4.5.8", "nvidia-cublas-cu12", "12")
NCCL_12 = library("nccl", "2.21.5", "nvidia-nccl-cu12", "12")
NCCL_13 = library("nccl", "2.27.7", "nvidia-nccl-cu13", "13")


def facts(*libraries: Library, torch: str = "2.6.0") -> Facts:
    wheels = {each.provider: each.version for each in libraries if each.provider.startswith("nvidia")}
    return facts_of({**wheels, "torch": torch}, libraries=libraries)


def test_two_cuda_majors() -> None:
    (finding,) = findings("two-cuda-majors", facts(RUNTIME_12, CUBLAS_12, RUNTIME_13, torch="2.12.0"))
    assert finding.message == "CUDA runtimes of 12 and 13 are installed; torch 2.12.0+cu130 uses 13."
    assert finding.remedy.commands == (
        "uv pip uninstall --python /opt/venv/bin/python nvidia-cublas-cu12 nvidia-cuda-runtime-cu12",
    )


@pytest.mark.parametrize(
    "libraries",
    [
        pytest.param((), id="none"),
        pytest.param((RUNTIME_12, CUBLAS_12), id="one"),
        pytest.param((RUNTIME_12, library("cudart", "13", "LD_LIBRARY_PATH")), id="a-toolkit-in-LD_LIBRARY_PATH"),
    ],
)
def test_one_cuda_major(libraries: tuple[Library, ...]) -> None:
    assert findings("two-cuda-majors", facts(*libraries)) == ()


def test_two_nccl_wheels() -> None:
    (finding,) = findings("two-nccl-libraries", facts(NCCL_12, NCCL_13))
    assert "2.21.5 (nvidia-nccl-cu12), 2.27.7 (nvidia-nccl-cu13)" in finding.message
    assert finding.remedy.commands == (
        "uv pip uninstall --python /opt/venv/bin/python nvidia-nccl-cu13",
        "uv pip install --python /opt/venv/bin/python --force-reinstall --no-deps 'nvidia-nccl-cu12==2.21.5'",
    )


@pytest.mark.parametrize(
    ("told", "found"), [("2", False), ("2.21.5", False), ("2.27.3", True), ("2.2", True), ("2.21", False)]
)
def test_nccl_in_a_folder_that_goes_first(told: str, found: bool) -> None:
    other = library("nccl", told, "LD_LIBRARY_PATH")
    assert bool(findings("two-nccl-libraries", facts(NCCL_12, other))) is found


def test_one_nccl() -> None:
    assert findings("two-nccl-libraries", facts(NCCL_12)) == ()
    assert findings("two-nccl-libraries", facts()) == ()
