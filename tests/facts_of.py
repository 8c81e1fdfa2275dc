"""Facts made by hand: a healthy node with the packages that a test names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verl_doctor.facts.compiler import Compiler
from verl_doctor.facts.disks import Disk
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.limits import Limits
from verl_doctor.facts.node import Node
from verl_doctor.facts.nvml import Gpu
from verl_doctor.facts.packages import Distribution, normalise
from verl_doctor.facts.python import Python
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.toolkit import Toolkit
from verl_doctor.facts.torch import Torch
from verl_doctor.facts.vllm import Vllm
from verl_doctor.host import Limit, Space
from verl_doctor.model import NOT_ASKED, Unavailable
from verl_doctor.target import Target

GIB = 2**30
PREFIX = "/opt/venv"
SITE = "/opt/venv/lib/python3.12/site-packages"
CUDA_OF_TORCH = {
    "2.3": "12.1",
    "2.4": "12.1",
    "2.5": "12.4",
    "2.6": "12.4",
    "2.7": "12.6",
    "2.8": "12.8",
    "2.9": "12.8",
    "2.10": "12.8",
}


def facts_of(
    packages: Mapping[str, str | Distribution] | None = None, *, python: str | Unavailable = "3.12.3", **overrides: Any
) -> Facts:
    """Facts of a healthy node with one H200 that holds these packages; `overrides` replace whole fields.

    A healthy verl has its flash-attn: it is added where nothing is said of it, and left out where its version is "".
    """
    installed = _with_flash_attn(packages or {})
    fields: dict[str, Any] = {
        "target": Target(
            python=f"{PREFIX}/bin/python",
            prefix=PREFIX,
            version=python if isinstance(python, str) else None,
            kind="venv",
            search_path=(SITE,),
            installer=f"uv pip install --python {PREFIX}/bin/python",
        ),
        "python": python
        if isinstance(python, Unavailable)
        else Python(version=python, executable=f"{PREFIX}/bin/python", prefix=PREFIX, kind="venv", machine="x86_64"),
        "packages": {
            normalise(name): value if isinstance(value, Distribution) else distribution(name, value)
            for name, value in installed.items()
        },
        "torch": torch_of(_version(installed["torch"]))
        if "torch" in installed
        else Unavailable("torch is not installed"),
        "vllm": Vllm(location=f"{SITE}/vllm", cumem_allocator=True)
        if "vllm" in installed
        else Unavailable("vllm is not installed"),
        "libraries": (),
        "driver": driver_of("580.159.04"),
        "gpus": (gpu_of(),),
        "toolkit": Toolkit(nvcc=None, version=None, cuda_home=None),
        "compiler": Compiler(cc="/usr/bin/gcc", python_h="/usr/include/python3.12"),
        "limits": Limits(
            shm=Space(total=512 * GIB, free=512 * GIB),
            open_files=Limit(soft=1_048_576, hard=1_048_576),
            processes=Limit(soft=None, hard=None),
            locked_memory=Limit(soft=None, hard=None),
            memory_total=2048 * GIB,
            memory_available=2000 * GIB,
            cgroup_memory=None,
            cpus=192,
        ),
        "disks": (Disk(purpose="HF_HOME", path="/data/hf", total=4096 * GIB, free=3000 * GIB, writable=True),),
        "node": Node(
            system="Ubuntu 24.04 LTS",
            kernel="6.8.0",
            libc="glibc 2.39",
            container=None,
            scheduler=None,
            ray=None,
        ),
        "env": {},
        "patches": {},
        "binaries": {},
        "broken_patches": (),
        "contents": {},
        "damage": {},
        "imports": NOT_ASKED,
        "expected": NOT_ASKED,
    }
    unknown = overrides.keys() - fields.keys()
    if unknown:
        raise TypeError(f"Facts has no field {sorted(unknown)}")
    return Facts(**{**fields, **overrides})


def _with_flash_attn(packages: Mapping[str, str | Distribution]) -> dict[str, str | Distribution]:
    torch = _version(packages.get("torch", "2.8.0"))
    fitting = "2.7.4.post1" if torch.startswith(("2.4", "2.5", "2.6")) else "2.8.3"
    added = {"flash-attn": fitting} if "verl" in packages else {}
    return {name: value for name, value in {**added, **packages}.items() if value}


def _version(installed: str | Distribution) -> str:
    return installed.version if isinstance(installed, Distribution) else installed


def distribution(name: str, version: str, **overrides: Any) -> Distribution:
    """An installed distribution whose metadata is in order."""
    fields: dict[str, Any] = {
        "name": name,
        "version": version,
        "location": SITE,
        "metadata": f"{name.replace('-', '_')}-{version}.dist-info",
    }
    return Distribution(**{**fields, **overrides})


def driver_of(version: str) -> Driver:
    """A driver that works."""
    cuda = "13.0" if version >= "580" else "12.4"
    return Driver(state="working", detail="NVML answers", version=version, cuda=cuda, told_by="nvml", hardware=True)


def gpu_of(index: int = 0, **overrides: Any) -> Gpu:
    """An idle H200."""
    fields: dict[str, Any] = {
        "index": index,
        "uuid": f"GPU-0a1b2c3d-0000-0000-0000-00000000000{index}",
        "name": "NVIDIA H200",
        "memory_total": 141 * GIB,
        "memory_free": 140 * GIB,
        "compute_capability": "9.0",
        "mig": False,
        "ecc": True,
        "persistence": True,
        "nvlinks": 18,
        "processes": (),
    }
    return Gpu(**{**fields, **overrides})


def torch_of(version: str, **overrides: Any) -> Torch:
    """A CUDA build of torch as the index has it for that release."""
    release = version.partition("+")[0]
    cuda = CUDA_OF_TORCH.get(".".join(release.split(".")[:2]), "13.0")
    fields: dict[str, Any] = {
        "version": f"{release}+cu{cuda.replace('.', '')}",
        "flavour": "cuda",
        "location": f"{SITE}/torch",
        "cuda": cuda,
    }
    return Torch(**{**fields, **overrides})
