"""The rows of compat_matrix.yaml as types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from verl_doctor.model import Source, SourceKind


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
    """The vLLM versions that a verl release declares, can import, and can be installed and used with.

    `avoided` are those of them that its own documentation says to avoid.
    """

    verl: str
    declared: str
    imports: str
    usable: str
    avoided: str | None
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

    `python` is the Python it is for, `pythons` and `glibc` where its pins can be installed; `cuda` the CUDA of
    its torch, `min_driver` the oldest driver for it; `verified` says who vouches for its versions; `period` is the
    day whose package index it was made from; `image` the container image that verl named for it.
    """

    name: str
    rank: int
    pins: Mapping[str, str]
    python: str
    pythons: str
    glibc: str
    cuda: str
    min_driver: str
    flash_attn: str
    confidence: str
    verified: tuple[SourceKind, ...]
    period: str
    image: str | None
    note: str | None
    sources: tuple[Source, ...]

    @property
    def is_vouched_for(self) -> bool:
        """Say whether more than its time speaks for its versions."""
        return self.verified != ("inferred",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a resolver said to a stack's pins for a Python, on the index of a day; `refusal` is None for yes."""

    python: str
    index: str
    date: str
    refusal: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What verl's rollout settings are for CUDA graphs and sleep mode."""

    enforce_eager: bool
    free_cache_engine: bool
    why: str
    vllm_use_v1: str
    sources: tuple[Source, ...]

    @property
    def launch(self) -> tuple[str, ...]:
        """The lines for a launch script."""
        values = {"enforce_eager": self.enforce_eager, "free_cache_engine": self.free_cache_engine}
        return tuple(f"actor_rollout_ref.rollout.{name}={value}" for name, value in values.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """A maker of accelerators that no stack is for: a pattern of its words, and what verl says about them."""

    name: str
    words: re.Pattern[str]
    says: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is written about these versions and does not hold, and what does."""

    when: Mapping[str, str]
    claim: str
    truth: str
    sources: tuple[Source, ...]
