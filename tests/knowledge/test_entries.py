"""Every known failure: found where it holds, silent where it does not, and silent on every recommended stack."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

from tests.facts_of import GIB, driver_of, facts_of, gpu_of, torch_of
from verl_doctor import checks, knowledge
from verl_doctor.facts.compiler import Compiler
from verl_doctor.facts.limits import Limits
from verl_doctor.facts.patches import PatchState, State
from verl_doctor.facts.python import Python
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.torch import Torch
from verl_doctor.facts.vllm import Vllm
from verl_doctor.host import Limit, Space
from verl_doctor.knowledge.failure import Failure
from verl_doctor.matrix.load import load as load_matrix
from verl_doctor.matrix.rows import Stack
from verl_doctor.model import Failed, Passed, Severity, Unavailable

MATRIX = load_matrix()
FAILURES = {failure.name: failure for failure in knowledge.load()}


def of(*versions: str, **overrides: Any) -> Facts:
    """Facts of a node with these packages, each given as name==version."""
    return facts_of(dict(version.split("==") for version in versions), **overrides)


def env(*versions: str, **variables: str) -> Facts:
    return of(*versions, env=variables)


def limits(shm: int = 64, open_files: int | None = 2**20, processes: int | None = None) -> Limits:
    return Limits(
        shm=Space(total=shm * GIB // 4, free=0),
        open_files=Limit(soft=open_files, hard=None),
        processes=Limit(soft=processes, hard=None),
        locked_memory=Limit(soft=None, hard=None),
        memory_total=None,
        memory_available=None,
        cgroup_memory=None,
        cpus=8,
    )


def arm(*versions: str) -> Facts:
    python = Python(version="3.10.4", executable=None, prefix="/opt/venv", kind="venv", machine="aarch64")
    facts = of(*versions)
    return Facts(**{name: getattr(facts, name) for name in facts.__slots__} | {"python": python})


def patched(name: str, state: State, *installed: str) -> Facts:
    distribution, _, version = installed[0].partition("==")
    file = f"{distribution}/x.py"
    found = PatchState(id="VDP000", distribution=distribution, version=version, file=file, state=state, reason="why")
    return of(*installed, patches={name: found})


def patch_cases(name: str, installed: str = "vllm==0.7.2") -> tuple[list[Facts], list[Facts]]:
    """A patch to be applied, and every state in which there is nothing to do or nothing is known."""
    states: tuple[State, ...] = ("applied", "fixed-upstream", "absent", "unrecognised")
    silent = [*(patched(name, state, installed) for state in states), of(installed), of()]
    return [patched(name, "applicable", installed)], silent


EXPANDABLE = "backend:native,expandable_segments:True"
ROCM = Torch(version="2.8.0+rocm6.4", flavour="rocm", location="/opt/venv/torch", hip="6.4")
WITHOUT_CUMEM = Vllm(location="/opt/venv/vllm", cumem_allocator=False)
A100 = gpu_of(name="NVIDIA A100-SXM4-80GB", compute_capability="8.0")
GB200 = gpu_of(name="NVIDIA GB200", compute_capability="10.0")
BUSY = gpu_of(1, memory_free=20 * GIB)
NO_GCC = Compiler(cc=None, python_h="/usr/include/python3.12/Python.h")
NO_HEADERS = Compiler(cc="/usr/bin/gcc", python_h=None)

CASES: dict[str, tuple[list[Facts], list[Facts]]] = {
    "tensordict-forkingpickler": (
        [of("tensordict==0.5.0", "torch==2.6.0"), of("tensordict==0.5.0", "torch==2.7.0+cu126", "verl==0.4.1")],
        [of("tensordict==0.6.2", "torch==2.6.0"), of("tensordict==0.5.0", "torch==2.5.1"), of("tensordict==0.5.0")],
    ),
    "tensordict-090-banned": (
        [of("tensordict==0.9.0", "verl==0.5.0"), of("tensordict==0.9.0", "verl==0.9.1")],
        [of("tensordict==0.9.1", "verl==0.5.0"), of("tensordict==0.9.0")],
    ),
    "tensordict-below-verl-pin": (
        [of("tensordict==0.8.3", "verl==0.7.0"), of("tensordict==0.6.2", "verl==0.6.0")],
        [of("tensordict==0.10.0", "verl==0.7.0"), of("tensordict==0.9.1", "verl==0.5.0")],
    ),
    "tensordict-above-pin": (
        [of("tensordict==0.15.3", "verl==0.9.1"), of("tensordict==0.10.0", "verl==0.5.0")],
        [of("tensordict==0.10.0", "verl==0.9.1"), of("tensordict==0.15.3", "verl==0.10.0")],
    ),
    "tensordict-arm64-membership": (
        [arm("tensordict==0.1.2", "verl==0.4.1")],
        [of("tensordict==0.1.2", "verl==0.4.1"), arm("tensordict==0.6.2", "verl==0.4.1")],
    ),
    "vllm-v0-modules-removed": (
        [of("verl==0.5.0", "vllm==0.11.0"), of("verl==0.4.1", "vllm==0.12.0")],
        [of("verl==0.5.0", "vllm==0.10.2"), of("verl==0.6.0", "vllm==0.11.0")],
    ),
    "vllm-compilationlevel-renamed": (
        [of("verl==0.6.0", "vllm==0.11.1")],
        [of("verl==0.6.0", "vllm==0.11.0"), of("verl==0.6.1", "vllm==0.11.1")],
    ),
    "vllm-utils-split": (
        [of("verl==0.6.1", "vllm==0.11.1"), of("verl==0.6.0", "vllm==0.12.0")],
        [of("verl==0.6.1", "vllm==0.11.0"), of("verl==0.7.0", "vllm==0.12.0")],
    ),
    "vllm-lora-model-moved": (
        [of("verl==0.6.1", "vllm==0.13.0")],
        [of("verl==0.6.1", "vllm==0.12.0"), of("verl==0.7.0", "vllm==0.13.0")],
    ),
    "vllm-lora-tensor-args": (
        [of("verl==0.6.1", "vllm==0.12.0")],
        [of("verl==0.6.1", "vllm==0.11.0"), of("verl==0.7.0", "vllm==0.12.0")],
    ),
    "vllm-workerwrapper-signature": (
        [of("verl==0.7.0", "vllm==0.14.0")],
        [of("verl==0.7.0", "vllm==0.13.0"), of("verl==0.7.1", "vllm==0.14.0")],
    ),
    "async-import": (
        [of("verl==0.7.0", "vllm==0.9.1"), of("verl==0.8.0", "vllm==0.8.5.post1")],
        [of("verl==0.7.0", "vllm==0.9.2"), of("verl==0.7.1", "vllm==0.9.0"), of("verl==0.5.0", "vllm==0.8.5")],
    ),
    "sync-only": (
        [of("verl==0.6.0", "vllm==0.9.1"), of("verl==0.6.1", "vllm==0.8.5")],
        [of("verl==0.6.0", "vllm==0.9.2"), of("verl==0.5.0", "vllm==0.9.1")],
    ),
    "fp8-moe": (
        [of("verl==0.8.0", "vllm==0.27.0")],
        [of("verl==0.8.0", "vllm==0.26.0"), of("verl==0.9.0", "vllm==0.27.0")],
    ),
    "fp8-moe-isinstance": (
        [of("verl==0.8.0", "vllm==0.24.0")],
        [of("verl==0.8.0", "vllm==0.23.0"), of("verl==0.8.0", "vllm==0.27.0")],
    ),
    "newer-than-verl": (
        [of("verl==0.9.0", "vllm==0.31.0")],
        [of("verl==0.9.0", "vllm==0.24.0"), of("verl==0.9.1", "vllm==0.29.0")],
    ),
    "mm-preprocessor-cache-textmodel": (
        [of("verl==0.4.0", "vllm==0.9.0")],
        [of("verl==0.4.1", "vllm==0.9.0"), of("verl==0.4.0", "vllm==0.8.5.post1")],
    ),
    "moe-no-weight-loader": (
        [of("verl==0.3.0.post1", "vllm==0.8.2")],
        [of("verl==0.4.0", "vllm==0.8.3"), of("verl==0.3.0.post1", "vllm==0.7.3")],
    ),
    "v0-n-gt1-leak": (
        [of("verl==0.3.0.post1", "vllm==0.7.3"), of("verl==0.3.0.post1", "vllm==0.7.4.dev12+gabc")],
        [of("verl==0.3.0.post1", "vllm==0.8.2"), of("verl==0.5.0", "vllm==0.7.2")],
    ),
    "vllm063-illegal-memory": (
        [of("verl==0.2.0.post2", "vllm==0.6.3")],
        [
            env("verl==0.2.0.post2", "vllm==0.6.3", VLLM_ATTENTION_BACKEND="XFORMERS"),
            of("verl==0.3.0.post1", "vllm==0.8.2"),
        ],
    ),
    "harmony-vocab-offline": (
        [of("verl==0.7.0", "vllm==0.12.0")],
        [
            of("verl==0.7.1", "vllm==0.12.0"),
            env("verl==0.7.0", "vllm==0.12.0", TIKTOKEN_ENCODINGS_BASE="/data/tiktoken"),
        ],
    ),
    "symm-mem-allreduce": (
        [of("verl==0.6.1", "vllm==0.11.0")],
        [env("verl==0.6.1", "vllm==0.11.0", VLLM_ALLREDUCE_USE_SYMM_MEM="0"), of("verl==0.6.1", "vllm==0.10.2")],
    ),
    "compile-cache-corruption": (
        [of("verl==0.6.0", "vllm==0.10.0", "torch==2.7.1")],
        [
            env("verl==0.6.0", "vllm==0.10.0", "torch==2.7.1", VLLM_DISABLE_COMPILE_CACHE="1"),
            of("verl==0.7.1", "vllm==0.12.0", "torch==2.9.0"),
        ],
    ),
    "ray-pin-conflict": (
        [of("verl==0.4.1", "vllm==0.7.3")],
        [of("verl==0.3.0.post1", "vllm==0.7.3"), of("verl==0.4.1", "vllm==0.8.3")],
    ),
    "transformers5-vllm011": (
        [of("transformers==5.23.0", "vllm==0.11.0"), of("transformers==5.23.0", "vllm==0.7.2")],
        [of("transformers==4.57.6", "vllm==0.11.0"), of("transformers==5.9.0", "vllm==0.24.0")],
    ),
    "transformers5-vision2seq": (
        [of("transformers==5.23.0", "verl==0.7.0"), of("transformers==5.0.0", "verl==0.3.0.post1")],
        [of("transformers==4.57.6", "verl==0.7.0"), of("transformers==5.9.0", "verl==0.7.1")],
    ),
    "transformers-453-qwen2vl": (
        [of("transformers==4.52.4", "vllm==0.8.5.post1"), of("transformers==4.53.0", "vllm==0.9.1")],
        [of("transformers==4.51.3", "vllm==0.8.5.post1"), of("transformers==4.52.4", "vllm==0.9.1")],
    ),
    "transformers-4540": (
        [of("transformers==4.54.1", "verl==0.6.0")],
        [of("transformers==4.55.4", "verl==0.6.0"), of("transformers==4.54.0", "verl==0.7.0")],
    ),
    "transformers-447-gemma2": (
        [of("transformers==4.47.0", "verl==0.3.0.post1")],
        [of("transformers==4.47.1", "verl==0.3.0.post1")],
    ),
    "transformers-448-ulysses": (
        [of("transformers==4.48.0", "verl==0.2.0.post2")],
        [of("transformers==4.45.2", "verl==0.2.0.post2"), of("transformers==4.48.0", "verl==0.3.0.post1")],
    ),
    "transformers-457-qwen3vlmoe": (
        [of("transformers==4.57.1", "verl==0.6.1")],
        [of("transformers==4.57.6", "verl==0.6.1"), of("transformers==4.57.1", "verl==0.7.0")],
    ),
    "transformers-4460-yanked": ([of("transformers==4.46.0")], [of("transformers==4.46.3")]),
    "numpy2-old-verl": (
        [of("numpy==2.2.6", "verl==0.7.0"), of("numpy==2.0.0", "vllm==0.8.2")],
        [of("numpy==1.26.4", "verl==0.7.0"), of("numpy==2.3.5", "verl==0.9.1"), of("numpy==2.2.6", "vllm==0.8.3")],
    ),
    "numpy2-verl04-untested": (
        [of("numpy==2.2.6", "verl==0.4.1")],
        [of("numpy==1.26.4", "verl==0.4.1"), of("numpy==2.2.6", "verl==0.3.0.post1")],
    ),
    "numpy1-new-verl": (
        [of("numpy==1.26.4", "verl==0.9.0")],
        [of("numpy==2.3.5", "verl==0.9.0"), of("numpy==1.26.4", "verl==0.8.0")],
    ),
    "numpy-124-core": (
        [of("numpy==1.24.4", "verl==0.4.1")],
        [of("numpy==1.26.4", "verl==0.4.1"), of("numpy==1.24.4")],
    ),
    "numba-numpy-cap": (
        [
            of("numba==0.61.2", "numpy==2.3.0"),
            of("numba==0.60.0", "numpy==2.1.0"),
            of("numba==0.65.0", "numpy==2.5.0"),
        ],
        [of("numba==0.61.2", "numpy==2.2.6"), of("numba==0.65.0", "numpy==2.3.5")],
    ),
    "pyarrow26-numpy1": (
        [of("pyarrow==26.0.1", "numpy==1.26.4")],
        [of("pyarrow==25.0.1", "numpy==1.26.4"), of("pyarrow==26.0.1", "numpy==2.3.5")],
    ),
    "flash-attn-not-installed": (
        [
            of("verl==0.2.0.post2", "torch==2.4.0", "flash-attn=="),
            of("verl==0.6.0", "torch==2.8.0", "flash-attn=="),
            of("verl==0.6.0.post1", "torch==2.8.0", "flash-attn=="),
        ],
        [
            of("verl==0.5.0", "torch==2.6.0"),
            of("verl==0.6.1", "torch==2.8.0", "flash-attn=="),
            of("verl==0.6.1.dev0", "torch==2.8.0", "flash-attn=="),
            of("verl==0.5.0", "torch==2.6.0", "flash-attn==", "torch-npu==2.5.1"),
            of("verl==0.5.0", "torch==2.6.0", "flash-attn==", "megatron-core==0.12.1"),
            of("verl==0.5.0", "torch==2.6.0", "flash-attn==", torch=torch_of("2.6.0", flavour="rocm")),
        ],
    ),
    "flash-attn-by-default": (
        [
            of("verl==0.6.1", "torch==2.8.0", "flash-attn=="),
            of("verl==0.9.1", "torch==2.6.0", "flash-attn=="),
            of("verl==0.6.1.dev0", "torch==2.8.0", "flash-attn=="),
        ],
        [
            of("verl==0.9.1", "torch==2.8.0"),
            of("verl==0.6.0", "torch==2.8.0", "flash-attn=="),
            of("verl==0.9.1", "torch==2.8.0", "flash-attn==", "torch-npu==2.7.1"),
            of("verl==0.9.1", "torch==2.8.0", "flash-attn==", torch=torch_of("2.8.0", flavour="rocm")),
        ],
    ),
    "setuptools82-pkg-resources": (
        [of("verl==0.4.1", "setuptools==84.2.1"), of("verl==0.4.0", "setuptools==82.0.0"), of("verl==0.4.1")],
        [of("verl==0.4.1", "setuptools==81.0.0"), of("verl==0.5.0", "setuptools==84.2.1"), of("verl==0.3.0.post1")],
    ),
    "datasets-2.14-pyarrow21": (
        [of("datasets==2.14.4", "pyarrow==25.0.1"), of("datasets==1.1.1", "pyarrow==21.0.0")],
        [of("datasets==2.14.7", "pyarrow==25.0.1"), of("datasets==2.14.4", "pyarrow==20.0.0")],
    ),
    "datasets-2.14-fsspec": (
        [of("datasets==2.14.4", "fsspec==2025.3.0")],
        [of("datasets==3.2.0", "fsspec==2025.3.0"), of("datasets==2.14.4", "fsspec==2023.6.0")],
    ),
    "flash-attn-28-torch26": (
        [of("flash-attn==2.8.3", "torch==2.6.0+cu124")],
        [of("flash-attn==2.7.4.post1", "torch==2.6.0"), of("flash-attn==2.8.3", "torch==2.7.1")],
    ),
    "flashinfer-023": (
        [of("flashinfer-python==0.2.5", "vllm==0.8.2")],
        [of("flashinfer-python==0.2.2.post1", "vllm==0.8.2"), of("flashinfer-python==0.5.2", "vllm==0.11.1")],
    ),
    "opentelemetry-pin": (
        [of("opentelemetry-api==1.39.0", "vllm==0.8.5.post1")],
        [of("opentelemetry-api==1.26.0", "vllm==0.8.5.post1"), of("opentelemetry-api==1.39.0", "vllm==0.9.0")],
    ),
    "opentelemetry-ray": (
        [of("ray==2.48.0", "vllm==0.8.5")],
        [of("ray==2.47.1", "vllm==0.8.5"), of("ray==2.48.0", "vllm==0.9.1")],
    ),
    "trl-extra": (
        [of("trl==0.27.0", "verl==0.8.0")],
        [of("trl==0.9.6", "verl==0.8.0"), of("trl==0.27.0", "verl==0.9.1")],
    ),
    "grpcio-dashboard": (
        [of("grpcio==1.51.3", "ray==2.43.0")],
        [of("grpcio==1.62.1", "ray==2.43.0"), of("grpcio==1.51.3")],
    ),
    "pynvml-shadow": (
        [of("pynvml==11.5.3", "nvidia-ml-py==12.575.51")],
        [of("pynvml==12.0.0", "nvidia-ml-py==12.575.51"), of("nvidia-ml-py==12.575.51")],
    ),
    "multiple-nccl": (
        [of("nvidia-nccl-cu12==2.27.5", "nvidia-nccl-cu13==2.28.9")],
        [of("nvidia-nccl-cu12==2.27.5"), of("nvidia-nccl-cu13==2.28.9")],
    ),
    "torch29-conv3d": (
        [of("torch==2.9.0", "verl==0.7.0"), of("torch==2.9.1", "nvidia-cudnn-cu12==9.10.2.21", "verl==0.8.0")],
        [of("torch==2.9.1", "nvidia-cudnn-cu12==9.16.0.29", "verl==0.8.0"), of("torch==2.10.0", "verl==0.9.1")],
    ),
    "python-too-old": (
        [of("verl==0.5.0", python="3.9.18")],
        [of("verl==0.5.0", python="3.10.12"), of("verl==0.4.1", python="3.9.18")],
    ),
    "python-too-new": (
        [of("verl==0.9.1", python="3.13.1")],
        [of("verl==0.9.1", python="3.12.3"), of("verl==0.9.0", python="3.13.1")],
    ),
    "py313-numpy1": (
        [of("verl==0.8.0", python="3.13.1")],
        [of("verl==0.8.0", python="3.12.3"), of("verl==0.9.0", python="3.13.1")],
    ),
    "triton-no-compiler": (
        [of("torch==2.6.0", "vllm==0.8.5", compiler=NO_GCC), of("torch==2.6.0", "vllm==0.8.5", compiler=NO_HEADERS)],
        [of("torch==2.6.0", "vllm==0.8.5"), of("torch==2.6.0", compiler=NO_GCC)],
    ),
    "sleep-unsupported-platform": (
        [of("torch==2.8.0", "vllm==0.11.0", torch=ROCM)],
        [of("torch==2.8.0", "vllm==0.11.0"), of("torch==2.9.0", "vllm==0.12.0", torch=ROCM)],
    ),
    "expandable-segments-assert": (
        [env("vllm==0.8.5", PYTORCH_CUDA_ALLOC_CONF=EXPANDABLE)],
        [
            env("vllm==0.8.5", PYTORCH_CUDA_ALLOC_CONF="expandable_segments:False"),
            env("vllm==0.20.1", PYTORCH_CUDA_ALLOC_CONF=EXPANDABLE),
            of("vllm==0.8.5"),
        ],
    ),
    "expandable-segments-silent": (
        [env("vllm==0.7.3", PYTORCH_CUDA_ALLOC_CONF=EXPANDABLE)],
        [env("vllm==0.8.5", PYTORCH_CUDA_ALLOC_CONF=EXPANDABLE), of("vllm==0.7.3")],
    ),
    "alloc-conf-alias": (
        [env("vllm==0.19.1", PYTORCH_ALLOC_CONF=EXPANDABLE)],
        [env("vllm==0.24.0", PYTORCH_ALLOC_CONF=EXPANDABLE), env("vllm==0.19.1", PYTORCH_CUDA_ALLOC_CONF=EXPANDABLE)],
    ),
    "xformers-backend-leftover": (
        [env("vllm==0.8.5", VLLM_ATTENTION_BACKEND="XFORMERS")],
        [
            env("vllm==0.6.3", VLLM_ATTENTION_BACKEND="XFORMERS"),
            env("vllm==0.8.5", VLLM_ATTENTION_BACKEND="FLASH_ATTN"),
        ],
    ),
    "vllm-use-v1-zero-leftover": (
        [env("vllm==0.8.5", VLLM_USE_V1="0")],
        [env("vllm==0.8.5", VLLM_USE_V1="1"), env("vllm==0.7.2", VLLM_USE_V1="0"), of("vllm==0.8.5")],
    ),
    "vllm07-v1-unsupported": (
        [env("vllm==0.7.3", VLLM_USE_V1="1")],
        [env("vllm==0.8.5", VLLM_USE_V1="1"), env("vllm==0.7.3", VLLM_USE_V1="0")],
    ),
    "cvd-empty": (
        [env(CUDA_VISIBLE_DEVICES=""), env(CUDA_VISIBLE_DEVICES="NoDevFiles"), env(CUDA_VISIBLE_DEVICES="-1")],
        [env(CUDA_VISIBLE_DEVICES="0,1"), env()],
    ),
    "cvd-uuid": (
        [env("vllm==0.8.5", CUDA_VISIBLE_DEVICES="GPU-0a1b"), env("vllm==0.7.2", CUDA_VISIBLE_DEVICES="MIG-0a1b")],
        [env("vllm==0.8.5", CUDA_VISIBLE_DEVICES="0"), env("vllm==0.24.0", CUDA_VISIBLE_DEVICES="GPU-0a1b")],
    ),
    "rocr-visible-clash": (
        [
            env("verl==0.6.0", ROCR_VISIBLE_DEVICES="0", CUDA_VISIBLE_DEVICES="0"),
            env("verl==0.6.0", ROCR_VISIBLE_DEVICES="0", HIP_VISIBLE_DEVICES="0"),
            env("verl==0.6.0", "torch==2.7.1", ROCR_VISIBLE_DEVICES="0"),
        ],
        [
            env("verl==0.6.0", "torch==2.7.1", ROCR_VISIBLE_DEVICES=""),
            env("verl==0.3.0.post1", "torch==2.6.0", ROCR_VISIBLE_DEVICES="0"),
            of("verl==0.6.0", "torch==2.8.0", torch=ROCM, env={"ROCR_VISIBLE_DEVICES": "0"}),
        ],
    ),
    "hip-cuda-inconsistent": (
        [env("verl==0.6.0", HIP_VISIBLE_DEVICES="0", CUDA_VISIBLE_DEVICES="1")],
        [
            env("verl==0.6.0", HIP_VISIBLE_DEVICES="0", CUDA_VISIBLE_DEVICES="0"),
            env("verl==0.6.0", HIP_VISIBLE_DEVICES="0"),
        ],
    ),
    "noset-visible-devices-old-verl": (
        [env("verl==0.3.0.post1", RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES="1")],
        [
            env("verl==0.4.0", RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES="1"),
            env("verl==0.3.0.post1", RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES="0"),
        ],
    ),
    "global-http-proxy": (
        [env("verl==0.6.0", http_proxy="http://proxy:3128"), env("verl==0.6.0", HTTP_PROXY="http://proxy:3128")],
        [env("verl==0.6.0", http_proxy="http://proxy:3128", no_proxy="10.0.0.0/8"), of("verl==0.6.0")],
    ),
    "verl-main-string-version-compare": (
        [of("verl==0.7.0.dev0", "vllm==0.9.1"), of("verl==0.7.0.dev0+g1a2b3c4", "vllm==0.8.5.post1")],
        [of("verl==0.7.0.dev0", "vllm==0.10.2"), of("verl==0.7.0", "vllm==0.9.1"), of("verl==0.6.1", "vllm==0.9.1")],
    ),
    "vllm-process-weights-import": (
        [of("verl==0.7.0.dev0", "vllm==0.8.5.post1")],
        [of("verl==0.7.0.dev0", "vllm==0.9.0"), of("verl==0.6.1", "vllm==0.8.5.post1")],
    ),
    "cuda-graph-sizes-cli": (
        [of("verl==0.8.0", "vllm==0.13.0"), of("verl==0.7.1", "vllm==0.14.0")],
        [of("verl==0.8.0", "vllm==0.12.0"), of("verl==0.9.0", "vllm==0.19.1"), of("verl==0.5.0", "vllm==0.13.0")],
    ),
    "multi-node-mp-executor": (
        [of("verl==0.7.1", "vllm==0.11.0"), of("verl==0.8.0", "vllm==0.10.2")],
        [of("verl==0.8.0", "vllm==0.11.1"), of("verl==0.7.0", "vllm==0.11.0")],
    ),
    "vllm-v1-lora-engine": (
        [of("verl==0.5.0", "vllm==0.8.5.post1")],
        [of("verl==0.6.0", "vllm==0.10.0"), of("verl==0.4.1", "vllm==0.7.3")],
    ),
    "vllm07-world-size-1": (
        [of("verl==0.2.0.post2", "vllm==0.7.3")],
        [of("verl==0.3.0.post0", "vllm==0.7.3"), of("verl==0.2.0.post2", "vllm==0.6.3")],
    ),
    "v0-preempt-assert": (
        [of("verl==0.2.0.post2", "vllm==0.6.3"), of("verl==0.3.0.post1", "vllm==0.7.3")],
        [of("verl==0.3.0.post1", "vllm==0.8.2"), of("verl==0.5.0", "vllm==0.7.3")],
    ),
    "transformers-topleft-mask": (
        [of("verl==0.5.0.dev0", "transformers==4.50.3")],
        [of("verl==0.5.0.dev0", "transformers==4.51.3"), of("verl==0.5.0", "transformers==4.50.3")],
    ),
    "ascend-torch-conflict": (
        [of("vllm-ascend==0.11.0", "vllm==0.11.0", "torch==2.8.0"), of("vllm-ascend==0.11.0rc3", "torch==2.8.0")],
        [of("vllm-ascend==0.11.0", "vllm==0.11.0", "torch==2.7.1"), of("vllm==0.11.0", "torch==2.8.0")],
    ),
    "protobuf-window": (
        [
            of("protobuf==5.29.5", "vllm==0.14.0"),
            of("protobuf==6.33.4", "vllm==0.15.1"),
            of("protobuf==5.29.5", "vllm==0.24.0"),
            of("protobuf==6.31.1", "vllm==0.16.0"),
        ],
        [
            of("protobuf==6.30.0", "vllm==0.14.1"),
            of("protobuf==4.25.8", "vllm==0.15.0"),
            of("protobuf==5.29.6", "vllm==0.24.0"),
            of("protobuf==7.36.2", "vllm==0.33.0"),
            of("protobuf==4.25.8", "vllm==0.13.0"),
        ],
    ),
    "cudart-major-mix": (
        [
            of("vllm==0.24.0", "torch==2.11.0", torch=torch_of("2.11.0", cuda="12.6")),
            of("vllm==0.24.0", "torch==2.11.0", torch=torch_of("2.11.0", cuda="12.6"), driver=driver_of("550.54.15")),
            of("vllm==0.19.1", "torch==2.10.0", torch=torch_of("2.10.0", cuda="13.0")),
        ],
        [
            of("vllm==0.24.0", "torch==2.11.0"),
            of("vllm==0.19.1", "torch==2.10.0"),
            of("vllm==0.20.0+cu129", "torch==2.11.0", torch=torch_of("2.11.0", cuda="12.9")),
            of("vllm==0.24.0", "torch==2.11.0", torch=torch_of("2.11.0", flavour="cpu", cuda=None)),
        ],
    ),
    "ray-default-missing": (
        [of("verl==0.2.0.post2", "ray==2.43.0")],
        [of("verl==0.2.0.post2", "ray==2.43.0", "aiohttp-cors==0.8.1"), of("verl==0.3.0.post1", "ray==2.43.0")],
    ),
    "sglang-weight-sync": (
        [
            of("verl==0.6.0", "sglang==0.4.6.post5"),
            of("verl==0.6.1", "sglang==0.4.9.post4"),
            of("verl==0.7.1", "sglang==0.4.9"),
            of("verl==0.9.0", "sglang==0.4.9"),
            of("verl==0.9.1", "sglang==0.4.9"),
        ],
        [of("verl==0.6.0", "sglang==0.4.9.post5"), of("verl==0.5.0", "sglang==0.4.6.post5")],
    ),
    "te-no-attention-backend": (
        [of("verl==0.5.0", "transformer-engine==2.2.1", "nvidia-cudnn-cu12==9.1.0.70")],
        [
            of("verl==0.5.0", "transformer-engine==2.2.1", "nvidia-cudnn-cu12==9.8.0.87"),
            of("verl==0.5.0", "nvidia-cudnn-cu12==9.1.0.70"),
        ],
    ),
    "te-version-traps": (
        [
            of("verl==0.7.0", "vllm==0.12.0", "transformer-engine==2.8.0"),
            of("verl==0.5.0", "megatron-core==0.12.2", "transformer-engine==2.5.0"),
        ],
        [
            of("verl==0.7.0", "vllm==0.12.0", "transformer-engine==2.10.0"),
            of("verl==0.7.0", "vllm==0.11.0", "transformer-engine==2.8.0"),
            of("verl==0.5.0", "megatron-core==0.12.2", "transformer-engine==2.2.1"),
            of("verl==0.6.1", "megatron-core==0.13.1", "transformer-engine==2.5.0"),
        ],
    ),
    "mcore-too-old": (
        [of("verl==0.6.1", "megatron-core==0.12.2")],
        [of("verl==0.6.1", "megatron-core==0.13.0"), of("verl==0.6.0", "megatron-core==0.12.2")],
    ),
    "megatron-bridge-missing": (
        [of("verl==0.9.0", "megatron-core==0.15.0"), of("verl==0.9.1", "megatron-core==0.16.0")],
        [
            of("verl==0.9.1", "megatron-core==0.16.0", "megatron-bridge==0.5.1"),
            of("verl==0.9.1"),
            of("verl==0.8.0", "megatron-core==0.15.0"),
        ],
    ),
    "nccl-cumem": (
        [env("verl==0.6.0", "vllm==0.10.0", NCCL_CUMEM_ENABLE="1")],
        [
            env("verl==0.6.0", "vllm==0.10.0", NCCL_CUMEM_ENABLE="0"),
            env("verl==0.6.1", "vllm==0.11.0", NCCL_CUMEM_ENABLE="1"),
            of("verl==0.6.0", "vllm==0.10.0"),
        ],
    ),
    "cumem-not-available": (
        [of("vllm==0.8.5", "torch==2.6.0", vllm=WITHOUT_CUMEM)],
        [
            of("vllm==0.8.5", "torch==2.6.0"),
            of("vllm==0.6.3", "torch==2.4.0", vllm=WITHOUT_CUMEM),
            of("vllm==0.8.5", "torch==2.6.0", torch=torch_of("2.6.0", flavour="cpu", cuda=None), vllm=WITHOUT_CUMEM),
            of("torch==2.6.0"),
        ],
    ),
    "cascade-attn-logprob": (
        [of("verl==0.6.0", "vllm==0.10.0", "torch==2.7.1", gpus=(A100,))],
        [
            of("verl==0.6.0", "vllm==0.10.0", "torch==2.7.1"),
            of("verl==0.6.1", "vllm==0.11.0", "torch==2.8.0", gpus=(A100,)),
        ],
    ),
    "gb200-mnnvl": (
        [of("verl==0.9.1", gpus=(GB200,)), of("verl==0.7.1", gpus=(GB200,))],
        [
            of("verl==0.9.1"),
            of("verl==0.9.1", gpus=(GB200,), env={"TLLM_DISABLE_NVLS_MNNVL": "1"}),
            of("verl==0.9.1", gpus=(GB200,), env={"NCCL_MNNVL_ENABLE": "0"}),
        ],
    ),
    "enforce-eager-true": (
        [of("verl==0.4.1", "vllm==0.8.5.post1"), of("verl==0.5.0", "vllm==0.8.5.post1")],
        [of("verl==0.6.0", "vllm==0.10.0"), of("verl==0.2.0.post2", "vllm==0.6.3")],
    ),
    "sleep-level2-lora": (
        [of("verl==0.5.0.dev0", "vllm==0.10.0")],
        [of("verl==0.5.0.dev0", "vllm==0.8.4"), of("verl==0.5.0", "vllm==0.8.5"), of("verl==0.6.0", "vllm==0.10.0")],
    ),
    "torch26-state-dict-oom": (
        [of("verl==0.4.1", "torch==2.6.0")],
        [of("verl==0.5.0", "torch==2.6.0"), of("verl==0.4.1", "torch==2.7.0"), of("verl==0.3.0.post1", "torch==2.6.0")],
    ),
    "fsdp2-torch24": (
        [of("verl==0.4.0", "torch==2.3.1")],
        [of("verl==0.4.0", "torch==2.4.0"), of("verl==0.3.0.post1", "torch==2.3.1")],
    ),
    "wakeup-oom": (
        [of("verl==0.3.0.post1", "vllm==0.8.2"), of("verl==0.4.0", "vllm==0.7.3")],
        [of("verl==0.4.0", "vllm==0.8.3"), of("vllm==0.8.2"), of("verl==0.2.0.post2", "vllm==0.6.3")],
    ),
    "free-memory-below-utilization": (
        [of("verl==0.9.1", "vllm==0.24.0", gpus=(gpu_of(), BUSY))],
        [
            of("verl==0.9.1", "vllm==0.24.0"),
            of("verl==0.4.1", "vllm==0.8.5", gpus=(BUSY,)),
            of("verl==0.9.1", "vllm==0.24.0", gpus=(gpu_of(), BUSY), env={"CUDA_VISIBLE_DEVICES": "0"}),
        ],
    ),
    "duplicate-gpu": (
        [of("verl==0.2.0.post2", "ray==2.10.0")],
        [of("verl==0.2.0.post2", "ray==2.43.0"), of("verl==0.4.0", "ray==2.38.0")],
    ),
    "ray-slurm-register": (
        [
            env("verl==0.9.1", "ray==2.59.0", SLURM_JOB_ID="7"),
            env("verl==0.5.0", "ray==2.47.1", SLURM_JOB_ID="7"),
        ],
        [of("verl==0.9.1", "ray==2.59.0"), env("verl==0.9.1", SLURM_JOB_ID="7")],
    ),
    "vllm07-world-size-assert": patch_cases("vllm07-world-size-assert"),
    "vllm07-local-rank": patch_cases("vllm07-local-rank"),
    "vllm07-empty-cache": patch_cases("vllm07-empty-cache"),
    "vllm074dev-dp-size": patch_cases("vllm074dev-dp-size", "vllm==0.7.4.dev211+g2275784"),
    "sglang04-empty-cache": patch_cases("sglang04-empty-cache", "sglang==0.4.5"),
    "zmq-lock-permission": patch_cases("zmq-lock-permission", "verl==0.5.0"),
    "shm-too-small": ([of(limits=limits(shm=1))], [of(limits=limits(shm=40)), of()]),
    "ulimit-nofile": (
        [of(limits=limits(open_files=1024))],
        [of(limits=limits(open_files=65536)), of(limits=limits(open_files=None))],
    ),
    "ulimit-nproc": (
        [of(limits=limits(processes=4096))],
        [of(limits=limits(processes=16384)), of(limits=limits(processes=None))],
    ),
}


def test_every_failure_that_facts_tell_of_has_cases() -> None:
    assert set(CASES) == {failure.name for failure in FAILURES.values() if failure.asks}


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        pytest.param(name, facts, id=f"{name}-{n}")
        for name, (found, _) in CASES.items()
        for n, facts in enumerate(found)
    ],
)
def test_finds_it(name: str, facts: Facts) -> None:
    outcome = FAILURES[name].ask(facts, MATRIX)
    assert isinstance(outcome, Failed)
    for finding in outcome.findings:
        assert finding.evidence
        assert finding.sources
        assert "{" not in " ".join((finding.remedy.text, *finding.remedy.commands)).replace("${", "")
        assert all(re.search("[=<>@]", command) for command in _installs(finding.remedy.commands))


def _installs(commands: tuple[str, ...]) -> list[str]:
    return [command for command in commands if " install " in command and not command.startswith("apt-get")]


@pytest.mark.parametrize(
    ("name", "facts"),
    [pytest.param(name, facts, id=f"{name}-{n}") for name, (_, not_) in CASES.items() for n, facts in enumerate(not_)],
)
def test_stays_silent(name: str, facts: Facts) -> None:
    assert not isinstance(FAILURES[name].ask(facts, MATRIX), Failed)


def _serious() -> list[Failure]:
    return [failure for failure in FAILURES.values() if failure.severity is not Severity.INFO]


@pytest.mark.parametrize("stack", MATRIX.stacks(), ids=lambda stack: stack.name)
def test_a_recommended_stack_is_healthy(stack: Stack) -> None:
    facts = facts_of({**stack.pins, "flash-attn": stack.flash_attn}, python=f"{stack.python}.4")
    outcomes = {failure.name: failure.ask(facts, MATRIX) for failure in _serious()}
    assert {name: outcome for name, outcome in outcomes.items() if not isinstance(outcome, Passed)} == {}


@pytest.mark.parametrize("name", CASES)
def test_the_cure_cures(name: str) -> None:
    """A cure whose pins are applied removes the failure, whatever else is installed."""
    for facts in CASES[name][0]:
        outcome = FAILURES[name].ask(facts, MATRIX)
        assert isinstance(outcome, Failed)
        pins = dict(outcome.findings[0].remedy.pins)
        if not pins:
            continue
        assert not isinstance(facts.packages, Unavailable)
        packages = {key: found.version for key, found in facts.packages.items()} | pins
        cured = facts_of(packages, env=facts.env, compiler=facts.compiler, limits=facts.limits, gpus=facts.gpus)
        assert not isinstance(FAILURES[name].ask(cured, MATRIX), Failed), (pins, packages)


@pytest.mark.parametrize(
    ("name", "installed"),
    [
        pytest.param("v0-n-gt1-leak", ("vllm==0.7.2", "verl==0.3.0.post1"), id="leak"),
        pytest.param("harmony-vocab-offline", ("verl==0.7.0", "vllm==0.12.0"), id="vocabulary"),
    ],
)
def test_a_failure_that_versions_tell_of_is_gone_when_patched(name: str, installed: tuple[str, ...]) -> None:
    assert isinstance(FAILURES[name].ask(patched(name, "applicable", *installed), MATRIX), Failed)
    assert isinstance(FAILURES[name].ask(patched(name, "absent", *installed), MATRIX), Failed)
    for state in ("applied", "fixed-upstream"):
        assert isinstance(FAILURES[name].ask(patched(name, state, *installed), MATRIX), Passed)


@pytest.mark.parametrize(
    ("name", "installed", "pins"),
    [
        pytest.param("vllm07-local-rank", ("vllm==0.7.2", "torch==2.5.1"), {"vllm": "0.7.3"}, id="upgrade"),
        pytest.param("vllm07-local-rank", ("vllm==0.7.2", "torch==2.5.1", "verl==0.3.0.post1"), {}, id="leaks"),
        pytest.param("v0-n-gt1-leak", ("vllm==0.7.3", "torch==2.5.1", "verl==0.3.0.post1"), {}, id="torch-stays"),
        pytest.param("v0-n-gt1-leak", ("vllm==0.7.3", "verl==0.3.0.post1"), {"vllm": "0.8.0"}, id="no-torch-yet"),
    ],
)
def test_an_upgrade_goes_before_a_patch_where_the_rest_allows_it(
    name: str, installed: tuple[str, ...], pins: dict[str, str]
) -> None:
    outcome = FAILURES[name].ask(patched(name, "applicable", *installed), MATRIX)
    assert isinstance(outcome, Failed)
    remedy = outcome.findings[0].remedy
    assert (dict(remedy.pins), remedy.patch) == (pins, name)
    assert any("verl-doctor patch" in command for command in remedy.commands) is not bool(pins)


def test_the_research_is_in_the_product() -> None:
    """Each failure that was researched is known under its name, as data or as a check."""
    researched = (Path(__file__).parents[1] / "data/known_failures.txt").read_text("utf-8").split()
    checked = {module.name.replace("_", "-") for module in pkgutil.iter_modules(checks.__path__)}
    assert len(researched) == len(set(researched)) == 115
    assert set(researched) - FAILURES.keys() - checked == set()


def test_a_failure_can_be_found_somehow() -> None:
    """By facts, by a line in a log, or by a setting in a launch script."""
    assert all(f.asks or f.texts.signature or f.launch for f in FAILURES.values())


BOUNDED: dict[str, tuple[Facts, Facts]] = {
    "mm-preprocessor-cache-removed": (of("vllm==0.13.0"), of("vllm==0.12.0")),
    "mm-processor-cache-bug": (of("verl==0.8.0", "vllm==0.12.0"), of("verl==0.9.0", "vllm==0.19.1")),
    "v0-swap-space": (of("vllm==0.10.2"), of("vllm==0.11.0")),
    "pyext-python311": (of(python="3.11.4"), of(python="3.10.12")),
    "enforce-eager-free-cache-assert": (of("verl==0.4.1"), of("verl==0.5.0")),
    "free-cache-engine-off": (of("verl==0.5.0"), of("verl==0.4.1")),
    "sleep-level2-buffers": (of("vllm==0.8.4"), of("vllm==0.8.5")),
    "rollout-mode-sync-removed": (of("verl==0.7.0"), of("verl==0.6.1")),
    "oov-tokens": (of("verl==0.6.1"), of("verl==0.7.0")),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_facts_rule_out_what_a_log_or_a_setting_shows(name: str) -> None:
    possible, impossible = BOUNDED[name]
    assert not FAILURES[name].asks
    assert FAILURES[name].is_possible(possible)
    assert not FAILURES[name].is_possible(impossible)


def test_every_bounded_failure_is_tried() -> None:
    assert set(BOUNDED) == {failure.name for failure in FAILURES.values() if failure.within}
