"""import-fails and import-hangs: what a failed import is called, and what cures it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.asked import findings
from tests.facts_of import facts_of
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.imports import Import
from verl_doctor.matrix.load import load
from verl_doctor.model import Finding

INSTALL = "uv pip install --python /opt/venv/bin/python"
NO_DRIVER = Driver(state="absent", detail="no kernel module")


def found(name: str, packages: dict[str, str], driver: Any = None, check: str = "import-fails", **seen: Any) -> Finding:
    facts = facts_of(
        packages, imports={name: Import(**{"outcome": "fails", **seen})}, **({"driver": driver} if driver else {})
    )
    (finding,) = findings(check, facts)
    return finding


@pytest.mark.parametrize(
    ("name", "error", "meaning", "commands"),
    [
        pytest.param(
            "torch",
            "ImportError: /x/libtorch_cuda.so: undefined symbol: ncclCommRegister",
            "The binary of torch is broken: a compiled file needs ncclCommRegister,",
            [f"{INSTALL} --force-reinstall 'torch==2.8.0'"],
            id="D-undefined-symbol",
        ),
        pytest.param(
            "torch",
            "OSError: libcudart.so.12: cannot open shared object file: No such file or directory",
            "The binary of torch is broken: it needs the library libcudart.so.12, which is not here.",
            [f"{INSTALL} --force-reinstall 'torch==2.8.0'"],
            id="library",
        ),
        pytest.param(
            "vllm",
            "ImportError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.32' not found (required by _C.abi3.so)",
            "The binary of vllm is broken: it was built for a system with GLIBC_2.32,",
            [],
            id="glibc",
        ),
        pytest.param(
            "vllm",
            "RuntimeError: operator torchvision::nms does not exist",
            "The binary of torchvision is broken: this torch could not load it.",
            [f"{INSTALL} --force-reinstall --no-deps 'torchvision==0.23.0'"],
            id="torchvision",
        ),
        pytest.param(
            "torch",
            "the process was killed by SIGILL during the import",
            "compiled code ends the process with SIGILL.",
            [f"{INSTALL} --force-reinstall 'torch==2.8.0'"],
            id="signal",
        ),
        pytest.param(
            "vllm",
            "the process was killed by SIGKILL, as the system does when memory runs out, during the import",
            "The system ended the process",
            [],
            id="memory",
        ),
        pytest.param(
            "verl",
            "ModuleNotFoundError: No module named 'left_pad'",
            "verl needs the module left_pad, which is not here.",
            [],
            id="missing: what brings it is not known",
        ),
        pytest.param(
            "verl",
            "ModuleNotFoundError: No module named 'vllm.worker'",
            "verl looks for something that the installed vllm does not have.",
            [],
            id="moved-module",
        ),
        pytest.param(
            "verl",
            "ImportError: cannot import name 'X' from 'vllm.utils' (/x.py)",
            "verl looks for something that the installed vllm does not have.",
            [],
            id="moved-name",
        ),
        pytest.param("verl", "ValueError: what now?", "ValueError: what now?", [], id="other"),
    ],
)
def test_what_an_error_says(name: str, error: str, meaning: str, commands: list[str]) -> None:
    packages = {"torch": "2.8.0", "vllm": "0.11.0", "torchvision": "0.23.0", "verl": "0.6.0"}
    finding = found(name, packages, error=error, where="line 3 of x.py, in f", through=(name, "x"))
    assert finding.message.startswith(f"Importing {name} fails: {error}")
    assert meaning in finding.message
    last = "from vllm import LLM" if name == "vllm" else f"import {name}"
    assert list(finding.remedy.commands) == [*commands, f"/opt/venv/bin/python -X faulthandler -c '{last}'"]
    assert finding.evidence == ("in line 3 of x.py, in f", f"by way of {name}, x")


def test_the_package_on_the_way_in_which_it_failed_is_the_one_to_install_again() -> None:
    packages = {"torch": "2.8.0", "vllm": "0.11.0", "xformers": "0.0.32"}
    finding = found("vllm", packages, error="x.so: undefined symbol: y", through=("vllm", "xformers", "stdlib"))
    assert "The binary of xformers is broken" in finding.message
    assert finding.remedy.commands[0].endswith("'xformers==0.0.32'")


OF_0_5 = next(stack.pins for stack in load().stacks() if stack.name == "verl-0.5.0-vllm-0.8.5.post1")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        pytest.param("pandas", ["'pandas==2.3.2'"], id="the stack's"),
        pytest.param("hydra", ["'hydra-core==1.3.2'"], id="by another name"),
        pytest.param("yaml", ["'pyyaml'"], id="in no stack"),
        pytest.param("huggingface_hub", ["'huggingface-hub==0.34.4'"], id="an underscore"),
    ],
)
def test_a_missing_module_is_installed_and_nothing_else_moved(module: str, words: list[str]) -> None:
    brought = words[0].strip("'").partition("==")[0]
    packages = {name: version for name, version in OF_0_5.items() if name != brought}
    finding = found("verl", packages, error=f"ModuleNotFoundError: No module named '{module}'")
    kept = ["'torch==2.6.0'", "'verl==0.5.0'", "'vllm==0.8.5.post1'"]
    assert finding.remedy.commands[0] == " ".join((INSTALL, *words, *kept))
    assert brought in finding.remedy.text


def test_a_module_whose_distribution_is_there_is_installed_again_alone() -> None:
    finding = found("verl", dict(OF_0_5), error="ModuleNotFoundError: No module named 'pandas'")
    assert finding.remedy.commands[0] == f"{INSTALL} --force-reinstall --no-deps 'pandas==2.3.2'"


def test_torch_is_installed_again_without_moving_what_others_need_too() -> None:
    finding = found("torch", dict(OF_0_5), error="OSError: libcudart.so.12: cannot open shared object file")
    assert finding.remedy.commands[0] == (
        f"{INSTALL} --force-reinstall 'torch==2.6.0' 'fsspec==2025.3.0' 'setuptools==80.9.0'"
    )


def test_a_local_version_is_not_asked_for_by_name() -> None:
    finding = found("torch", {"torch": "2.8.0+cu128"}, error="x.so: undefined symbol: y")
    assert finding.remedy.commands[0].endswith("'torch==2.8.0'")


PYARROW = "ImportError: pyarrow requires NumPy 2.0 or newer"
FORKING = "ImportError: cannot import name 'ForkingPickler' from 'torch.multiprocessing.reductions' (/x.py)"


def test_a_known_failure_brings_its_cure() -> None:
    finding = found("tensordict", {"tensordict": "0.5.0", "torch": "2.6.0", "verl": "0.3.0"}, error=FORKING)
    assert "It looks like the known failure tensordict-forkingpickler (VD100): tensordict before" in finding.message
    assert finding.remedy.pins == (("tensordict", "0.6.2"),)
    assert finding.sources


def test_a_known_failure_behind_another_exception() -> None:
    packages = {"pyarrow": "26.0.0", "numpy": "1.26.4", "verl": "0.5.0"}
    finding = found("verl", packages, error="RuntimeError: no data", cause=PYARROW)
    assert "known failure pyarrow26-numpy1" in finding.message
    assert finding.evidence == (f"because of {PYARROW}",)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param({"error": FORKING, "detail": ""}, id="raised-but-other-versions"),
        pytest.param({"error": "ValueError", "detail": "os.environ['VLLM_USE_V1']"}, id="only-in-the-traceback"),
    ],
)
def test_what_the_versions_rule_out_is_not_named(seen: dict[str, Any]) -> None:
    finding = found("tensordict", {"tensordict": "0.10.0", "torch": "2.8.0", "verl": "0.6.0"}, **seen)
    assert "known failure" not in finding.message


@pytest.mark.parametrize(
    "error",
    [
        "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory",
        "RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU",
    ],
)
def test_a_build_for_cuda_without_a_driver_is_left_to_the_driver(error: str) -> None:
    seen = {"vllm": Import(outcome="fails", error=error)}
    assert findings("import-fails", facts_of({"vllm": "0.11.0"}, imports=seen, driver=NO_DRIVER)) == ()
    assert len(findings("import-fails", facts_of({"vllm": "0.11.0"}, imports=seen))) == 1


def test_a_hang_names_the_place() -> None:
    finding = found(
        "torch",
        {"torch": "2.8.0"},
        check="import-hangs",
        outcome="hangs",
        error="it did not come back within 60 seconds",
        where="line 9 of torch/x.py, in load",
    )
    assert finding.message == (
        "Importing torch hangs: it did not come back within 60 seconds; it was at line 9 of torch/x.py, in load."
    )


@pytest.mark.parametrize("check", ["import-fails", "import-hangs"])
def test_silent(check: str) -> None:
    seen = {"torch": Import(outcome="works"), "vllm": Import(outcome="untried", error="it needs torch, which ...")}
    assert findings(check, facts_of({"torch": "2.8.0"}, imports=seen)) == ()
