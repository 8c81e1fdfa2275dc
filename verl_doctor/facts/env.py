"""The environment variables that matter to verl, vLLM, Ray, NCCL and CUDA; secrets are never shown."""

from __future__ import annotations

import re
from typing import Final

from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 1.0
HIDDEN: Final = "<set, not shown>"

_PREFIXES: Final = tuple(
    "ASCEND_ CUBLAS_ CUDA_ CUDNN_ GLOO_ HF_ HIP_ HSA_ HUGGINGFACE_ HYDRA_ MKL_ NCCL_ NVIDIA_ NVSHMEM_ OMP_ PYTORCH_ RAY_ "
    "ROCM_ ROCR_ SGLANG_ TIKTOKEN_ TOKENIZERS_ TORCH TRANSFORMERS_ TRITON_ UCX_ VERL_ VLLM_".split()
)
_NAMES: Final = frozenset(
    "CC CONDA_PREFIX LD_LIBRARY_PATH LD_PRELOAD LOCAL_RANK LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT PYTHONHOME "
    "PYTHONNOUSERSITE PYTHONPATH RANK SLURM_GPUS_ON_NODE SLURM_JOB_ID SLURM_JOB_NUM_NODES SLURM_NODEID SLURM_PROCID "
    "TMPDIR VIRTUAL_ENV WANDB_MODE WORLD_SIZE XDG_CACHE_HOME".split()
)
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})
_SECRET_NAME: Final = re.compile(
    r"(?:^|_)(?:\w*(?:TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|COOKIE|APIKEY)|KEY|AUTH|PAT|AUTHORIZATION)(?:_|$)"
)
_SECRET_VALUE: Final = re.compile(r"\b(?:hf_|sk-|ghp_|gho_|github_pat_|glpat-|xox[bp]-|AKIA|eyJ)[\w-]{8,}")
_CREDENTIALS: Final = re.compile(r"//[^/@\s]*@")


def collect(host: Host, target: Target) -> dict[str, str]:
    """Return the variables by name, sorted; what looks like a secret is replaced by HIDDEN."""
    del target
    return {name: _shown(name, value) for name, value in sorted(host.environ.items()) if _matters(name)}


def _matters(name: str) -> bool:
    return name.startswith(_PREFIXES) or name in _NAMES or name.lower() in _PROXIES


def _shown(name: str, value: str) -> str:
    if _SECRET_NAME.search(name.upper()):
        return HIDDEN
    printable = value.encode("utf-8", "replace").decode("utf-8")
    return _SECRET_VALUE.sub(HIDDEN, _CREDENTIALS.sub("//", printable))
