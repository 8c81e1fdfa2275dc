"""The environment variables that matter to verl, vLLM, Ray, NCCL and CUDA; secrets are never shown."""

from __future__ import annotations

import re
from typing import Final

from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 1.0
HIDDEN: Final = "<set, not shown>"

_MATTERS: Final = re.compile(
    r"""(?x)
    (?: ASCEND | CUBLAS | CUDA | CUDNN | FLASHINFER | GLOO | HF | HIP | HSA | HUGGINGFACE | HUGGING_FACE | HYDRA | MKL
      | NCCL | NVIDIA | NVSHMEM | OMP | PYTORCH | RAY | ROCM | ROCR | SGLANG | TIKTOKEN | TOKENIZERS | TORCH
      | TORCHINDUCTOR | TORCHDYNAMO | TRANSFORMERS | TRITON | UCX | VERL | VLLM )_\w+
    | SLURM_(?: GPUS_ON_NODE | JOB_ID | JOB_NUM_NODES | LOCALID | NNODES | NODEID | NTASKS | PROCID )
    | PYTHON(?: HOME | NOUSERSITE | PATH ) | CONDA_PREFIX | VIRTUAL_ENV | LD_(?: LIBRARY_PATH | PRELOAD ) | CC | CXX
    | (?: LOCAL_ )?RANK | (?: LOCAL_ )?WORLD_SIZE | MASTER_(?: ADDR | PORT )
    | TMPDIR | WANDB_MODE | XDG_CACHE_HOME
    | (?i: (?: http | https | all | no )_proxy )
    """
)
_WORD: Final = (
    r"(?:(?<!tik)token|secret|passw(?:or)?d|passphrase|credentials?|cookie|auth(?:orization)?|(?:api|access)_?key)"
)
_SECRET_NAME: Final = re.compile(rf"(?i){_WORD}(?:s?$|_)|(?:secret|password|passwd|credential)|(?:^|_)keys?(?:_|$)")
_COUNT_NAME: Final = re.compile(r"(?i)tokens(?:_|$)|token_\w")
_COUNT: Final = re.compile(r"\d{1,7}(?:\.\d+)?")
_SECRET_VALUE: Final = re.compile(
    r"""(?x)
    (?<![A-Za-z0-9]) (?:
        hf_[A-Za-z0-9]{16,} | sk-[\w-]{16,} | gh[opsu]_[A-Za-z0-9]{16,} | github_pat_\w{16,} | glpat-[\w-]{16,}
      | xox[abprs]-[\w-]{10,} | AKIA[0-9A-Z]{12,} | AIza[\w-]{20,} | nvapi-[\w-]{16,} | eyJ[\w-]{16,}
      | (?i: bearer | basic )\s+[\w.~+/=-]{8,} )
    """
)
_SECRET_INSIDE: Final = re.compile(rf"""(?i)(?:{_WORD}|(?:^|[^a-z])key)["']?\s*[=:]\s*["']?[^\s"'/]""")
"""A setting inside a value: `?sig=1&token=...` in a URL, `{"WANDB_API_KEY": "..."}` in Ray's job configuration."""
_CREDENTIALS: Final = re.compile(
    r"""(?x)
    (?<=://) (?: [^\s/@]* | [^\s/:@]*:(?!\d+(?:/|$))[^\s@]* ) @ (?: [^\s/@]*@ )*    # scheme://user:password@host
    | (?<![^\s,;=]) [^\s/@:,;=]+:[^\s@/]+@                                          # user:password@host
    """
)


def collect(host: Host, target: Target) -> dict[str, str]:
    """Return the variables by name, sorted; what looks like a secret is replaced by HIDDEN."""
    del target
    return {name: _shown(name, value) for name, value in sorted(host.environ.items()) if _MATTERS.fullmatch(name)}


def _shown(name: str, value: str) -> str:
    counts_tokens = _COUNT_NAME.search(name) and _COUNT.fullmatch(value)
    if _SECRET_NAME.search(name) and not counts_tokens:
        return HIDDEN
    printable = _CREDENTIALS.sub("***@", value.encode("utf-8", "replace").decode("utf-8"))
    if _SECRET_VALUE.search(printable) or _SECRET_INSIDE.search(printable):
        return HIDDEN
    return printable
