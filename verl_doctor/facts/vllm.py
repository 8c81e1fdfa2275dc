"""The files of the installed vLLM that versions do not tell of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.packages import Distribution
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vllm:
    """An installed vLLM: the folder of its package, and whether the extension behind sleep mode is in it.

    A copy without any compiled code lacks none, for it is no build; nor does a build for CPUs, which has no sleep mode.
    """

    location: str
    cumem_allocator: bool


def collect(host: Host, target: Target, packages: Mapping[str, Distribution]) -> Vllm:
    """Return what the package's folder holds. Raises MissingFactError where there is none."""
    installed = packages.get("vllm")
    if installed is None:
        raise MissingFactError("vllm is not installed")
    checkout = [str(target.outside(installed.editable))] if installed.editable else []
    for folder in (installed.location, *checkout):
        package = Path(folder, "vllm")
        if host.is_dir(package):
            compiled = [name for name in host.names(package) if name.endswith(".so")]
            is_for_cuda = bool(compiled) and "+cpu" not in installed.version
            found = not is_for_cuda or any(name.startswith("cumem_allocator.") for name in compiled)
            return Vllm(location=str(package), cumem_allocator=found)
    raise MissingFactError(f"vllm {installed.version} is listed, but {installed.location} has no folder vllm")
