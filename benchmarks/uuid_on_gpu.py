"""Whether a vLLM with cvd-uuid finds every GPU of this node by its UUID; run by hand on a node with GPUs.

    python benchmarks/uuid_on_gpu.py ENVIRONMENT/lib/python3.12/site-packages/vllm/platforms/interface.py

Needs nvidia-ml-py and neither vLLM nor torch: the one function is taken out of the file. CUDA's driver is asked which
GPU it sees under each name, in a process of its own, as it reads the variable once. Prints JSON; ends with 1 where an
answer is wrong, or where there is no GPU.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import enum
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml

VARIABLE = "CUDA_VISIBLE_DEVICES"
FUNCTION, PLATFORMS = "device_id_to_physical_device_id", "PlatformEnum"
FIRST_GPU = """
import ctypes
cuda, device, bus = ctypes.CDLL("libcuda.so.1"), ctypes.c_int(), ctypes.create_string_buffer(32)
failed = cuda.cuInit(0) or cuda.cuDeviceGet(ctypes.byref(device), 0) or cuda.cuDeviceGetPCIBusId(bus, 32, device)
print(f"CUDA error {failed}" if failed else bus.value.decode().lower())
"""


def take(source: bytes, nvml: Any, platform: str = "CUDA") -> Callable[[int], int]:
    """Return the function as it stands in vLLM's cuda.py or interface.py; without `nvml` it can import nothing."""
    nodes: list[ast.stmt] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in {FUNCTION, PLATFORMS}:
            node.decorator_list = []
            nodes.append(node)

    def imported(name: str, *_: object) -> SimpleNamespace:
        if nvml is None or name != "vllm.platforms.cuda":
            raise ImportError(name)
        return SimpleNamespace(pynvml=nvml)

    namespace = {"__builtins__": {**vars(builtins), "__import__": imported}, "os": os, "enum": enum, "pynvml": nvml}
    flags = __future__.annotations.compiler_flag
    exec(compile(ast.Module(nodes, []), FUNCTION, "exec", flags=flags, dont_inherit=True), namespace)
    function: Any = namespace[FUNCTION]
    if PLATFORMS not in namespace:
        return partial(function)
    platforms: Any = namespace[PLATFORMS]
    return partial(function, SimpleNamespace(_enum=platforms[platform], device_control_env_var=VARIABLE))


def names(nvml: Any) -> Iterator[tuple[int, str]]:
    """Yield each GPU's number with what it can be called: its UUID, the shortest beginning, and its MIG instances."""
    gpus = [nvml.nvmlDeviceGetHandleByIndex(number) for number in range(nvml.nvmlDeviceGetCount())]
    uuids = [nvml.nvmlDeviceGetUUID(gpu) for gpu in gpus]
    for number, (gpu, uuid) in enumerate(zip(gpus, uuids, strict=True)):
        yield number, uuid
        beginnings = (uuid[:end] for end in range(len("GPU-") + 1, len(uuid)))
        yield number, next(text for text in beginnings if sum(other.startswith(text) for other in uuids) == 1)
        for instance in range(nvml.nvmlDeviceGetMaxMigDeviceCount(gpu)):
            try:
                mig = nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, instance)
            except nvml.NVMLError:
                continue  # fewer instances than there could be
            yield number, nvml.nvmlDeviceGetUUID(mig)


def seen_by_cuda() -> str:
    """Return the bus id of the first GPU that CUDA sees under the variable, or what went wrong."""
    child = subprocess.run([sys.executable, "-c", FIRST_GPU], capture_output=True, text=True, check=False)
    return child.stdout.strip() or child.stderr.strip().rpartition("\n")[2]


def bus_id(nvml: Any, number: int) -> str:
    """Return NVML's bus id of a GPU, written as CUDA writes it."""
    pci = nvml.nvmlDeviceGetPciInfo(nvml.nvmlDeviceGetHandleByIndex(number))
    return f"{pci.domain:04x}:{pci.bus:02x}:{pci.device:02x}.0"


def check(source: bytes, nvml: Any) -> list[dict[str, Any]]:
    """Return what the function and CUDA say to each name, beside what is right; sets the variable."""
    function = take(source, nvml)
    rows = []
    for number, name in names(nvml):
        os.environ[VARIABLE] = name
        row = {"name": name, "gpu": number, "found": function(0), "bus": bus_id(nvml, number), "cuda": seen_by_cuda()}
        rows.append(row | {"right": row["found"] == number and row["cuda"] == row["bus"]})
    return rows


if __name__ == "__main__":
    pynvml.nvmlInit()
    answers = check(Path(sys.argv[1]).read_bytes(), pynvml)
    print(json.dumps({"driver": pynvml.nvmlSystemGetDriverVersion(), "names": answers}, indent=2))
    sys.exit(not answers or not all(answer["right"] for answer in answers))
