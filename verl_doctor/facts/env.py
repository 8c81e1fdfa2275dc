"""The environment variables that matter to verl, vLLM, Ray, NCCL and CUDA; secrets are never shown."""

from __future__ import annotations

import re
from typing import Final

from verl_doctor.facts import secrets
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 1.0

_MATTERS: Final = re.compile(
    r"""(?x)
    (?: ASCEND | CUBLAS | CUDA | CUDNN | FLASHINFER | GLOO | HF | HIP | HSA | HUGGINGFACE | HUGGING_FACE | HYDRA | KMP
      | MKL | NCCL | NVIDIA | NVSHMEM | OMP | PYTORCH | RAY | ROCM | ROCR | SGLANG | TIKTOKEN | TOKENIZERS | TORCH
      | TORCHINDUCTOR | TORCHDYNAMO | TRANSFORMERS | TRITON | UCX | VERL | VLLM )_\w+
    | SLURM_(?: GPUS_ON_NODE | JOB_ID | JOB_NUM_NODES | LOCALID | NNODES | NODEID | NTASKS | PROCID )
    | PYTHON(?: HOME | NOUSERSITE | PATH ) | CONDA_PREFIX | VIRTUAL_ENV | LD_(?: LIBRARY_PATH | PRELOAD ) | CC | CXX
    | (?: LOCAL_ )?RANK | (?: LOCAL_ )?WORLD_SIZE | MASTER_(?: ADDR | PORT )
    | TMPDIR | WANDB_MODE | XDG_CACHE_HOME
    | (?i: (?: http | https | all | no )_proxy )
    """
)


def collect(host: Host, target: Target) -> dict[str, str]:
    """Return the variables by name, sorted; what looks like a secret is replaced by HIDDEN."""
    del target
    return {
        name: secrets.setting(name, value) for name, value in sorted(host.environ.items()) if _MATTERS.fullmatch(name)
    }
