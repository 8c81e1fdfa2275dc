"""The rows of compat_matrix.yaml as types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What the published metadata of a release requires: Python, companions, and what its extras add."""

    python: str | None
    requires: Mapping[str, str]
    extras: Mapping[str, Mapping[str, str]]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The vLLM versions that these verl releases accept in their own code."""

    verl: str
    vllm: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The vLLM versions that a verl release declares, can import, and can be installed and used with."""

    verl: str
    declared: str
    imports: str
    usable: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Versions that break together although their metadata allows them, and the failure that follows."""

    failure: str
    when: Mapping[str, str]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverMinimum:
    """The oldest driver that runs programs built for a CUDA release."""

    cuda: str
    driver: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchBuild:
    """The build of torch that the package index offers for Linux x86-64; `archs` as "sm_90"."""

    version: str
    cuda: str
    archs: tuple[str, ...]
    cxx11_abi: bool
    python: str
    cudnn: str
    nccl: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A recommended stack: versions that belong together. `rank` 1 is the first choice for its verl release.

    `python` is the Python it is for, `pythons` those that its pins can be installed on; `cuda` the CUDA of
    its torch, `min_driver` the oldest driver for it; `verified` says by what proof its versions are known.
    """

    name: str
    rank: int
    pins: Mapping[str, str]
    python: str
    pythons: str
    cuda: str
    min_driver: str
    flash_attn: str
    confidence: str
    verified: str
    sources: tuple[Source, ...]

    def runs_on(self, python: str | None, driver: str | None) -> bool:
        """Say whether nothing known speaks against this Python and this driver."""
        fits = python is None or satisfies(python, self.pythons) is not False
        return fits and (driver is None or satisfies(driver, f">={self.min_driver}") is not False)
