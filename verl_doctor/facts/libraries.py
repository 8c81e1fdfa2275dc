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
_CONDA: Final = {
    "cuda-cudart": "cudart",
    "cudatoolkit": "cudart",
    "libcublas": "cublas",
    "cudnn": "cudnn",
    "nccl": "nccl",
    "cusparselt": "cusparselt",
    "cuda-nvrtc": "nvrtc",
}
_FILE: Final = re.compile(r"lib(cudart|cublas|cudnn|nccl|cusparseLt|nvshmem_host|nvrtc)(?:-[0-9a-f]+)?\.so\.([\d.]+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A CUDA library in the target.

    `name` is the common one ("cudart", "cudnn", "nccl"); `version` the distribution's, or the number at the end of the
    file's name; `cuda` the CUDA major that its distribution says it is for; `provider` the distribution, "torch" for a
    file bundled in it, "conda" for a conda package, or "LD_LIBRARY_PATH" for a file there, which is found before all.
    """

    name: str
    version: str
    cuda: str | None
    provider: str
    path: str


def collect(host: Host, target: Target, packages: Mapping[str, Distribution]) -> tuple[Library, ...]:
    """Return the libraries by name; only folders are listed, no library is opened."""
    found = [*_distributions(packages), *_conda(host, target)]
    if torch := packages.get("torch"):
        found += _files(host, Path(torch.location, "torch/lib"), "torch")
    if target.root == "/":
        for folder in dict.fromkeys(filter(None, host.environ.get("LD_LIBRARY_PATH", "").split(":"))):
            found += _files(host, Path(folder), "LD_LIBRARY_PATH")
    return tuple(sorted(found, key=lambda library: (library.name, library.provider, library.path)))


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


def _conda(host: Host, target: Target) -> Iterator[Library]:
    """Yield conda's packages: the records in conda-meta are named NAME-VERSION-BUILD.json."""
    if target.kind != "conda":
        return
    records = Path(target.prefix, "conda-meta")
    for record in _names(host, records):
        name, *rest = record.removesuffix(".json").rsplit("-", 2)
        if name in _CONDA and rest:
            yield Library(name=_CONDA[name], version=rest[0], cuda=None, provider="conda", path=str(records / record))


def _files(host: Host, folder: Path, provider: str) -> Iterator[Library]:
    """Yield the libraries in a folder, each major once: the longest of its names tells the version best."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for name in _names(host, folder):
        if match := _FILE.match(name):
            library, version = match.group(1).lower().removesuffix("_host"), match.group(2)
            key = library, version.partition(".")[0]
            found[key] = max(found.get(key, ("", "")), (version, name), key=lambda pair: len(pair[0]))
    for (library, _), (version, name) in found.items():
        yield Library(name=library, version=version, cuda=None, provider=provider, path=str(folder / name))


def _names(host: Host, folder: Path) -> tuple[str, ...]:
    try:
        return host.names(folder)
    except OSError:
        return ()
