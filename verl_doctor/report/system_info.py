"""What an issue report is asked for: versions, system, GPUs, CUDA and settings, as labels and values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from verl_doctor import __version__
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import Unavailable

GIB: Final = 2**30
NAMED: Final = ("verl", "vllm", "torch", "tensordict", "transformers", "ray", "sglang", "flash-attn", "numpy", "pip")
"""The distributions that are told of first, whether or not they are installed."""

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one kind, of labels and values."""

    title: str
    rows: Rows


def sections(facts: Facts) -> tuple[Section, ...]:
    """Return what is known about a node; secrets are not among the facts."""
    return (
        Section("Versions", tuple(_versions(facts))),
        Section("System", tuple(_system(facts))),
        Section("GPUs and CUDA", tuple(_gpus(facts))),
        Section("Environment variables", _pairs(facts.env)),
        Section("Installed packages", tuple(_packages(facts))),
    )


def _versions(facts: Facts) -> Iterator[tuple[str, str]]:
    yield "verl-doctor", __version__
    yield "environment", f"{facts.target.prefix} ({facts.target.kind})"
    python = facts.python
    yield "python", python.reason if isinstance(python, Unavailable) else f"{python.version}, {python.machine}"
    if isinstance(facts.packages, Unavailable):
        yield "packages", facts.packages.reason
        return
    for name in NAMED:
        installed = facts.packages.get(name)
        yield name, _installed(installed) if installed else "not installed"


def _installed(distribution: Distribution) -> str:
    origin = distribution.editable or distribution.url
    commit = f" at commit {distribution.commit}" if distribution.commit else ""
    return f"{distribution.version} in {distribution.location}" + (f", from {origin}{commit}" if origin else "")


def _system(facts: Facts) -> Iterator[tuple[str, str]]:
    node, limits = facts.node, facts.limits
    if isinstance(node, Unavailable):
        yield "system", node.reason
    else:
        yield "system", node.system
        yield "kernel", node.kernel
        yield "C library", node.libc or "unknown"
        yield "container", node.container or "none seen"
        yield "scheduler", node.scheduler or "none seen"
        yield "Ray", node.ray or "none seen"
    if isinstance(limits, Unavailable):
        yield "limits", limits.reason
        return
    yield "processors", str(limits.cpus)
    yield "memory", _gib(limits.memory_total)
    yield "memory limit", _gib(limits.cgroup_memory) if limits.cgroup_memory else "none"
    yield "/dev/shm", _gib(limits.shm.total) if limits.shm else "unknown"  # noqa: S108 - only named


def _gpus(facts: Facts) -> Iterator[tuple[str, str]]:
    driver, torch, toolkit = facts.driver, facts.torch, facts.toolkit
    if isinstance(driver, Unavailable):
        yield "driver", driver.reason
    else:
        yield "driver", driver.version or f"{driver.state}: {driver.detail}"
        yield "newest CUDA of the driver", driver.cuda or "unknown"
    known = None if isinstance(torch, Unavailable) else torch
    yield "torch", facts.torch.reason if isinstance(facts.torch, Unavailable) else facts.torch.version
    yield "CUDA of torch", (known.cuda or f"none, built for {known.flavour}") if known else "unknown"
    yield "CUDA compiler", toolkit.reason if isinstance(toolkit, Unavailable) else toolkit.version or "none"
    gpus = facts.gpus
    if isinstance(gpus, Unavailable):
        yield "GPUs", gpus.reason
        return
    yield "GPUs", str(len(gpus))
    for gpu in gpus:
        memory = f", {_gib(gpu.memory_total)}" if gpu.memory_total else ""
        free = f", {_gib(gpu.memory_free)} free" if gpu.memory_free is not None else ""
        capability = f", compute capability {gpu.compute_capability}" if gpu.compute_capability else ""
        links = f", {gpu.nvlinks} NVLinks" if gpu.nvlinks is not None else ""
        yield f"GPU {gpu.index}", f"{gpu.name}{memory}{free}{capability}{links}"


def _packages(facts: Facts) -> Iterator[tuple[str, str]]:
    if isinstance(facts.packages, Unavailable):
        yield "packages", facts.packages.reason
        return
    for name, installed in sorted(facts.packages.items()):
        yield name, installed.version


def _pairs(settings: Any) -> Rows:
    if isinstance(settings, Unavailable):
        return (("settings", settings.reason),)
    return tuple(settings.items())


def _gib(amount: int | None) -> str:
    return "unknown" if amount is None else f"{amount / GIB:.1f} GiB"
