"""torch, or a compiled extension for it, needs a library that is not here.

A compiled file names the libraries it cannot be loaded without. They are sought as the dynamic loader does: beside the
file, in torch, in the wheels of NVIDIA and everywhere else among the packages, in LD_LIBRARY_PATH and in the system.
One that is nowhere makes the import fail: `libcudnn.so.9: cannot open shared object file`. The driver's own libraries
(libcuda.so.1) are not looked for here, and neither are codecs, which are loaded on demand.

See it: `ldd` on the file that the finding names. Cure it: install the package that brings the library; a library of
another CUDA major, or of CUDA beside a CPU torch, means that the wrong build is installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.alternatives import judged
from verl_doctor.facts.binaries import Linked
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.facts.torch import Torch
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import release
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.refitting import Refitting, prevents
from verl_doctor.reinstall import torch_again
from verl_doctor.target import Target

ID: Final = "VD051"
NAME: Final = "binary-library-missing"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TORCH
SIGNATURE: Final = (r"lib\w+\.so[.\d]*: cannot open shared object file: No such file or directory",)

OF_A_TOOLKIT: Final = frozenset({"torch-npu", "vllm-ascend"})
"""Their libraries come from Ascend's toolkit, whose script puts them into LD_LIBRARY_PATH when a job starts."""
_CUDA: Final = re.compile(
    r"lib(cudart|cublas|cublasLt|cudnn\w*|cufft|curand|cusolver|cusparse|cusparseLt|nccl|nvrtc|nvToolsExt|cupti|"
    r"nvJitLink|nvshmem_host|cufile)\.so"
)
_TORCHS: Final = re.compile(r"lib(torch|c10)\w*\.so")


def ask(
    target: Target,
    python: Python,
    packages: Mapping[str, Distribution],
    binaries: Mapping[str, Linked],
    torch: Torch,
    matrix: Matrix,
) -> Iterator[Finding]:
    """Yield a finding for each distribution of which a compiled file needs a library that nobody provides."""
    refitting = Refitting(
        target=target, python=python, packages=packages, binaries=binaries, torch=torch, matrix=matrix
    )
    for key, extensions in judged(binaries, torch):
        broken = {path: extension for path, extension in extensions.items() if extension.absent}
        if broken and key not in OF_A_TOOLKIT:
            absent = tuple(dict.fromkeys(name for extension in broken.values() for name in extension.absent))
            path = next(iter(broken))
            yield Finding(
                message=f"{refitting.described(key)} cannot load {path}: {', '.join(broken[path].absent)} "
                f"{'is' if len(broken[path].absent) == 1 else 'are'} nowhere in this environment or system.",
                remedy=_remedy(refitting, key, absent),
                evidence=tuple(f"{path} needs {', '.join(e.absent)}" for path, e in broken.items()),
                about=frozenset({key, "torch"}),
                prevents=prevents(key),
            )


def _remedy(refitting: Refitting, key: str, absent: tuple[str, ...]) -> Remedy:
    if key == "torch":
        number = release(refitting.torch.version)
        return Remedy(
            text=f"Install torch {number} again with the packages that it requires.",
            commands=(torch_again(refitting.target, refitting.packages, number),),
            pins=(("torch", number),),
        )
    if all(_CUDA.match(name) or _TORCHS.match(name) for name in absent):
        return refitting.remedy(key)
    return Remedy(
        text=f"Install the system package that has {', '.join(absent)}, "
        f"or put its folder into LD_LIBRARY_PATH, or uninstall {refitting.packages[key].name}."
    )
