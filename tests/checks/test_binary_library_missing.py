"""Libraries that nobody provides."""

from __future__ import annotations

from tests.binaries_of import linked, with_binaries
from tests.checks.asked import findings
from verl_doctor.facts.binaries import Extension

NAME = "binary-library-missing"


def lacking(*absent: str) -> Extension:
    return Extension(needs=97, absent=absent, flavour="cuda")


def test_torch_without_its_cudnn() -> None:
    (finding,) = findings(NAME, with_binaries({}, "2.6.0", {"torch": linked(libtorch_cuda=lacking("libcudnn.so.9"))}))
    assert "torch 2.6.0 cannot load ext/libtorch_cuda.so: libcudnn.so.9 is nowhere" in finding.message
    assert finding.remedy.commands[0].endswith("--force-reinstall 'torch==2.6.0'")
    assert finding.prevents == {"torch"}


def test_a_library_of_cuda_is_cured_by_the_build_that_fits() -> None:
    binaries = {"torchvision": linked("torch==2.6.0", _C=lacking("libc10_cuda.so", "libcudart.so.12"))}
    facts = with_binaries({"torchvision": "0.21.0"}, "2.6.0", binaries, flavour="cpu", cuda=None)
    (finding,) = findings(NAME, facts)
    assert "libc10_cuda.so, libcudart.so.12 are nowhere" in finding.message
    assert finding.remedy.pins == (("torch", "2.6.0"),)


def test_a_library_of_the_system_is_for_its_package_manager() -> None:
    (finding,) = findings(
        NAME, with_binaries({"deep-ep": "1.0"}, "2.6.0", {"deep-ep": linked(_C=lacking("libmlx5.so.1"))})
    )
    assert "system package that has libmlx5.so.1" in finding.remedy.text
    assert finding.remedy.commands == ()


def test_silent() -> None:
    ascend = {"torch-npu": linked(_C=lacking("libascendcl.so"))}
    assert findings(NAME, with_binaries({"torch-npu": "2.6.0"}, "2.6.0", ascend)) == ()
    assert findings(NAME, with_binaries({"vllm": "0.8.5"}, "2.6.0", {"vllm": linked(_C=Extension(needs=1))})) == ()
