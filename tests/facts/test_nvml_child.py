"""The script that asks NVML, run as the process that it is, with a binding that imitates NVIDIA's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from verl_doctor.facts import nvml

BINDING = """
from types import SimpleNamespace

NVML_NVLINK_MAX_LINKS = 4

class NVMLError(Exception):
    pass

class NVMLError_NotSupported(NVMLError):
    pass

class NVMLError_GpuIsLost(NVMLError):
    pass

class NVMLError_LibraryNotFound(NVMLError):
    pass

class NVMLError_DriverNotLoaded(NVMLError):
    def __str__(self):
        return "Driver Not Loaded"

def nvmlInit(): pass
def nvmlSystemGetDriverVersion(): return b"550.54.15"
def nvmlSystemGetCudaDriverVersion_v2(): return 12040
def nvmlDeviceGetCount(): return 1
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetUUID(gpu): return "GPU-1"
def nvmlDeviceGetName(gpu): return "NVIDIA H200"
def nvmlDeviceGetMemoryInfo(gpu): return SimpleNamespace(total=100, free=90)
def nvmlDeviceGetCudaComputeCapability(gpu): return (9, 0)
def nvmlDeviceGetMigMode(gpu): return [0, 1]
def nvmlDeviceGetEccMode(gpu): return [1, 1]
def nvmlDeviceGetPersistenceMode(gpu): return 1
def nvmlDeviceGetNvLinkState(gpu, link):
    if link == 3:
        raise NVMLError_NotSupported
    return int(link < 2)
def nvmlDeviceGetComputeRunningProcesses(gpu): return [SimpleNamespace(pid=7, usedGpuMemory=10)]
def nvmlSystemGetProcessName(pid): return "python"
"""

WHOLE = {
    "index": 0,
    "uuid": "GPU-1",
    "name": "NVIDIA H200",
    "memory_total": 100,
    "memory_free": 90,
    "compute_capability": "9.0",
    "mig": False,
    "ecc": True,
    "persistence": True,
    "nvlinks": 2,
    "processes": [{"pid": 7, "name": "python", "memory": 10}],
}


def run(argv: tuple[str, ...]) -> Any:
    ended = subprocess.run(argv, capture_output=True, text=True, check=True)
    return json.loads(ended.stdout)


def child(folder: Path, changes: str = "") -> Any:
    (folder / "pynvml.py").write_text(BINDING + changes)
    argv = nvml.command()
    assert argv is not None
    return run((*argv[:-1], str(folder)))


def refusing(*names: str) -> str:
    return "\n".join(f"def {name}(*_): raise NVMLError_NotSupported" for name in names)


def test_everything_that_nvml_tells(tmp_path: Path) -> None:
    assert child(tmp_path) == {"version": "550.54.15", "cuda": "12.4", "cuda_error": None, "gpus": [WHOLE]}


@pytest.mark.parametrize(
    ("function", "changed"),
    [
        pytest.param("nvmlDeviceGetMemoryInfo", {"memory_total": None, "memory_free": None}, id="memory"),
        pytest.param("nvmlDeviceGetCudaComputeCapability", {"compute_capability": None}, id="capability"),
        pytest.param("nvmlDeviceGetMigMode", {"mig": None}, id="mig"),
        pytest.param("nvmlDeviceGetEccMode", {"ecc": None}, id="ecc"),
        pytest.param("nvmlDeviceGetPersistenceMode", {"persistence": None}, id="persistence"),
        pytest.param("nvmlDeviceGetNvLinkState", {"nvlinks": None}, id="no-nvlink"),
        pytest.param("nvmlDeviceGetComputeRunningProcesses", {"processes": None}, id="processes"),
        pytest.param(
            "nvmlSystemGetProcessName", {"processes": [{"pid": 7, "name": None, "memory": 10}]}, id="process-name"
        ),
        pytest.param(
            "nvmlDeviceGetHandleByIndex",
            dict.fromkeys(WHOLE) | {"index": 0, "uuid": "", "name": "a GPU that does not answer"},
            id="whole-gpu",
        ),
    ],
)
def test_what_a_gpu_does_not_tell_is_null(tmp_path: Path, function: str, changed: dict[str, Any]) -> None:
    (gpu,) = child(tmp_path, refusing(function))["gpus"]
    assert dict.fromkeys(WHOLE) | gpu == WHOLE | changed


def test_a_function_that_an_old_binding_lacks_is_null(tmp_path: Path) -> None:
    assert child(tmp_path, "del nvmlDeviceGetMigMode")["gpus"] == [WHOLE | {"mig": None}]


def test_a_missing_cuda_library_is_told_apart(tmp_path: Path) -> None:
    changes = "def nvmlSystemGetCudaDriverVersion_v2(): raise NVMLError_LibraryNotFound"
    told = child(tmp_path, changes)
    assert (told["cuda"], told["cuda_error"], told["version"]) == (None, "LibraryNotFound", "550.54.15")


@pytest.mark.parametrize("function", ["nvmlInit", "nvmlDeviceGetCount"])
def test_an_error_at_the_start_is_named(tmp_path: Path, function: str) -> None:
    told = child(tmp_path, f"def {function}(): raise NVMLError_DriverNotLoaded")
    assert told == {"error": "DriverNotLoaded", "message": "Driver Not Loaded"}


def test_the_child_needs_nothing_but_the_binding(tmp_path: Path) -> None:
    told = child(tmp_path, "import sys\ndef nvmlSystemGetDriverVersion(): return ' '.join(sys.modules)")
    loaded = set(told["version"].split())
    assert "verl_doctor" not in loaded
    assert "site" not in loaded
    assert "json" in loaded


def test_the_real_binding_says_that_the_library_is_missing() -> None:
    argv = nvml.command()
    assert argv is not None
    if Path("/proc/driver/nvidia/version").exists() or Path("/dev/dxg").exists():
        pytest.skip("this machine has a driver")
    told = run(argv)
    assert told["error"] in {"LibraryNotFound", "DriverNotLoaded"}
    assert argv[0] == sys.executable
