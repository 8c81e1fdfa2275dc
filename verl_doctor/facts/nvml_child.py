"""A script that asks NVML about every GPU and prints one JSON object; run alone, in an interpreter of its own.

A hung driver blocks its caller inside the kernel, where no signal reaches it; so a child asks, and the doctor waits no
longer than it wants to. Usage: nvml_child.py FOLDER, where FOLDER holds pynvml.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def main(folder: str) -> dict[str, Any]:
    """Return what NVML tells, or its error's name and message."""
    sys.path.insert(0, folder)
    import pynvml

    def told(function: str, *arguments: Any) -> Any:
        """Return the answer, or None where this binding, driver or GPU does not tell."""
        try:
            answer = getattr(pynvml, function)(*arguments)
        except (pynvml.NVMLError, AttributeError, ValueError):
            return None
        return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer

    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError as error:
        return {"error": _name(error), "message": str(error)}
    return {
        "version": told("nvmlSystemGetDriverVersion"),
        **_cuda(pynvml),
        "gpus": [_gpu(told, index, pynvml.NVML_NVLINK_MAX_LINKS) for index in range(count)],
    }


def _cuda(nvml: Any) -> dict[str, str | None]:
    """Return the CUDA that libcuda.so.1 supports, and the error's name where NVML cannot load or ask that library."""
    try:
        number = nvml.nvmlSystemGetCudaDriverVersion_v2()
    except nvml.NVMLError as error:
        return {"cuda": None, "cuda_error": _name(error)}
    return {"cuda": f"{number // 1000}.{number % 1000 // 10}", "cuda_error": None}


def _name(error: Exception) -> str:
    return type(error).__name__.removeprefix("NVMLError_")


def _gpu(told: Callable[..., Any], index: int, most_links: int) -> dict[str, Any]:
    gpu = told("nvmlDeviceGetHandleByIndex", index)
    if gpu is None:
        return {"index": index, "uuid": "", "name": "a GPU that does not answer"}
    memory = told("nvmlDeviceGetMemoryInfo", gpu)
    capability = told("nvmlDeviceGetCudaComputeCapability", gpu)
    links = [told("nvmlDeviceGetNvLinkState", gpu, link) for link in range(most_links)]
    processes = told("nvmlDeviceGetComputeRunningProcesses", gpu)
    return {
        "index": index,
        "uuid": told("nvmlDeviceGetUUID", gpu) or "",
        "name": told("nvmlDeviceGetName", gpu) or "",
        "memory_total": memory and memory.total,
        "memory_free": memory and memory.free,
        "compute_capability": capability and "{}.{}".format(*capability),
        "mig": _on(_first(told("nvmlDeviceGetMigMode", gpu))),
        "ecc": _on(_first(told("nvmlDeviceGetEccMode", gpu))),
        "persistence": _on(told("nvmlDeviceGetPersistenceMode", gpu)),
        "nvlinks": None if all(link is None for link in links) else sum(link == 1 for link in links),
        "processes": None
        if processes is None
        else [
            {
                "pid": process.pid,
                "name": told("nvmlSystemGetProcessName", process.pid),
                "memory": process.usedGpuMemory,
            }
            for process in processes
        ],
    }


def _first(pair: Any) -> Any:
    return None if pair is None else pair[0]


def _on(mode: int | None) -> bool | None:
    return None if mode is None else mode == 1


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])))
