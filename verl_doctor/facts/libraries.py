"""The CUDA libraries that Python packages bring: runtime, cuDNN, NCCL and their like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 5.0

_DISTRIBUTIONS: Final = {
    "cuda-runtime": "cudart",
    "cublas": "cublas",
    "cudnn": "cudnn",
    "nccl": "nccl",
    "cusparselt": "cusparselt",
    "nvshmem": "nvshmem",
    "cuda-nvrtc": "nvrtc",
}
_DISTRIBUTION: Final = re.compile(rf"nvidia-({'|'.join(_DISTRIBUTIONS)})(?:-cu(\d+))?$")
_FILE: Final = re.compile(r"lib(cudart|cublas|cudnn|nccl|cusparseLt|nvshmem_host|nvrtc)(?:-[0-9a-f]+)?\.so\.([\d.]+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A CUDA library in the target.

    `name` is the common one ("cudart", "cudnn", "nccl"); `version` the distribution's, or the number at the end of the
    file's name; `cuda` the CUDA major that its distribution says it is for; `provider` the distribution, or "torch"
    for a file bundled in it.
    """

    name: str
    version: str
    cuda: str | None
    provider: str
    path: str


def collect(host: Host, target: Target, packages: Mapping[str, Distribution]) -> tuple[Library, ...]:
    """Return the libraries by name; only folders are listed, no library is opened."""
    del target
    found = [*_distributions(packages), *_bundled(host, packages)]
    return tuple(sorted(found, key=lambda library: (library.name, library.provider)))


def _distributions(packages: Mapping[str, Distribution]) -> Iterator[Library]:
    for key, distribution in packages.items():
        if match := _DISTRIBUTION.match(key):
            yield Library(
                name=_DISTRIBUTIONS[match.group(1)],
                version=distribution.version,
                cuda=match.group(2),
                provider=key,
                path=distribution.location,
            )


def _bundled(host: Host, packages: Mapping[str, Distribution]) -> Iterator[Library]:
    torch = packages.get("torch")
    if torch is None:
        return
    folder = Path(torch.location, "torch/lib")
    try:
        names = host.names(folder)
    except OSError:
        return
    for name in names:
        if match := _FILE.match(name):
            yield Library(
                name=match.group(1).lower().removesuffix("_host"),
                version=match.group(2),
                cuda=None,
                provider="torch",
                path=str(folder / name),
            )
