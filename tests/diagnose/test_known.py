"""What a log can show."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace

import pytest

from tests.diagnose.telling import diagnosis_of
from tests.facts_of import facts_of
from verl_doctor import checks
from verl_doctor.diagnose.known import everything
from verl_doctor.facts.stated import stated
from verl_doctor.matrix.load import load
from verl_doctor.model import Unavailable

SHOWN = {
    "driver-too-old": (
        "RuntimeError: The NVIDIA driver on your system is too old (found version 12040).",
        "RuntimeError: CUDA error: CUDA driver version is insufficient for CUDA runtime version",
        "RuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.",
    ),
    "driver-missing": (
        "RuntimeError: Found no NVIDIA driver on your system.",
        "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory",
    ),
    "driver-unreachable": (
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
        "Failed to initialize NVML: Driver/library version mismatch",
    ),
    "gpu-missing": (
        "RuntimeError: No CUDA GPUs are available",
        "RuntimeError: CUDA error: no CUDA-capable device is detected",
        "ValueError: ProcessGroupNCCL is only supported with GPUs, no GPUs found!",
    ),
    "gpu-arch-not-in-build": (
        "RuntimeError: CUDA error: no kernel image is available for execution on the device",
        "UserWarning: NVIDIA B200 with CUDA capability sm_100 is not compatible with the current PyTorch installation.",
    ),
    "torch-without-cuda": ("AssertionError: Torch not compiled with CUDA enabled",),
    "vllm-torch-pin-mismatch": (
        "ImportError: /x/vllm/_C.abi3.so: undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKSsb",
        "vllm 0.7.2 requires torch==2.5.1, but you have torch 2.6.0 which is incompatible.",
    ),
    "vllm-removed-by-verl": (
        "ValueError: vLLM version 0.5.4 support has been removed. vLLM 0.5.4 and 0.6.3 are no longer supported.",
        "ValueError: vllm version 0.8.2 not supported and SGLang also not Found.",
    ),
    "transformers-range-by-vllm": (
        "vllm 0.8.5 requires transformers>=4.51.1, but you have transformers 4.48.0 which is incompatible.",
        "ImportError: cannot import name 'AutoVideoProcessor' from 'transformers' (/x/transformers/__init__.py)",
    ),
    "vllm-not-installed": ("ModuleNotFoundError: No module named 'vllm'",),
    "torch-not-installed": ("ModuleNotFoundError: No module named 'torch'",),
    "tensordict-not-installed": ("ModuleNotFoundError: No module named 'tensordict'",),
    "requirement-missing": ("ModuleNotFoundError: No module named 'ray'",),
    "binary-system-too-old": ("ImportError: /lib64/libc.so.6: version `GLIBC_2.32' not found (required by /x.so)",),
    "binary-library-missing": (
        "ImportError: libcudart.so.11.0: cannot open shared object file: No such file or directory",
    ),
    "leftover-distribution": ("WARNING: Ignoring invalid distribution -umpy (/opt/venv/lib/python3.12/site-packages)",),
    "binary-for-another-torch": ("RuntimeError: operator torchvision::nms does not exist",),
    "binary-symbol-missing": ("ImportError: /x/xformers/_C.so: undefined symbol: _ZN3c1010AutogradMetaE",),
}
NEAR = (
    "Torch was compiled with CUDA 12.4",
    "No module named 'vllm_ascend'",
    "INFO 05-12 10:11:12 [x.py:1] driver version 550.54.15",
    "found 8 CUDA GPUs",
)


def test_every_check_with_a_signature_has_lines() -> None:
    modules = (
        importlib.import_module(f"{checks.__name__}.{found.name}") for found in pkgutil.iter_modules(checks.__path__)
    )
    assert {module.NAME for module in modules if hasattr(module, "SIGNATURE")} == SHOWN.keys()


@pytest.mark.parametrize("name", SHOWN)
def test_its_lines_show_it(name: str) -> None:
    known = next(each for each in everything() if each.name == name)
    assert [line for line in SHOWN[name] if not any(each.search(line) for each in known.signatures)] == []
    assert [each.pattern for each in known.signatures if not any(map(each.search, SHOWN[name]))] == []
    for line in SHOWN[name]:
        assert name in {match.known.name for match in diagnosis_of(line).matches}


@pytest.mark.parametrize("line", NEAR)
def test_what_is_near_shows_nothing(line: str) -> None:
    assert diagnosis_of(line).matches == ()


def test_what_is_more_precise_goes_first() -> None:
    found = diagnosis_of("ImportError: cannot import name 'AutoModelForVision2Seq' from 'transformers' (/x.py)\n")
    assert found.primary is not None
    assert found.primary.known.name == "transformers5-vision2seq"


def test_on_a_node_that_is_known_the_check_itself_is_asked() -> None:
    line = "RuntimeError: No CUDA GPUs are available"
    there = diagnosis_of(line, node=facts_of()).matches[0]
    gone = diagnosis_of(line, node=facts_of(gpus=())).matches[0]
    assert (there.confidence, there.because) == ("low", "an error says so, but the versions speak against it")
    assert (gone.confidence, gone.because) == ("high", "an error says so, and it occurs with what `check` finds here")


def test_where_the_node_is_not_known_the_documentation_gives_the_cure() -> None:
    match = diagnosis_of("RuntimeError: No CUDA GPUs are available").matches[0]
    assert match.remedy.text == ("Ask for GPUs when the container or the job starts; unset a variable that hides them.")
    assert match.remedy.commands == ("verl-doctor check",)


@pytest.mark.parametrize("known", everything(), ids=lambda known: known.name)
def test_each_has_a_cure_on_any_node(known: object) -> None:
    each = next(each for each in everything() if each is known)
    unreadable = replace(facts_of(), packages=Unavailable("no permission"))
    for facts in (facts_of(), facts_of({"verl": "0.4.0"}), unreadable, stated({}, "nothing is told")):
        assert each.cure(facts, load()).text
        assert each.cause
