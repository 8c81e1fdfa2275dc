"""Cures for a distribution whose compiled extensions do not fit the installed torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from verl_doctor.checks.requirement_conflict import requirements
from verl_doctor.facts.binaries import Extension, Linked
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.facts.torch import Torch
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import exact, release, satisfies
from verl_doctor.model import Remedy
from verl_doctor.reinstall import torch_again
from verl_doctor.target import Target

FAMILY: Final = ("torch", "torchvision", "torchaudio")
INDEX: Final = "https://download.pytorch.org/whl"
CPU_INDEX: Final = f"{INDEX}/cpu"
LOADED_AT_IMPORT: Final = frozenset({"torch", "flash_attn"})
"""The modules that cannot be imported where their extensions cannot be loaded; vLLM goes on without its own."""
_TORCH_IN_VERSION: Final = re.compile(r"\+.*?(?:torch|pt)(\d)\.?(\d+)")
"""flash-attn 2.7.4.post1+cu12torch2.5cxx11abifalse, torch-scatter 2.1.2+pt25cu124."""


def prevents(key: str) -> frozenset[str]:
    """Return the imports that a distribution's extensions prevent where they cannot be loaded."""
    return LOADED_AT_IMPORT & {key.replace("-", "_")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refitting:
    """What the cures of all checks of binaries depend on."""

    target: Target
    python: Python
    packages: Mapping[str, Distribution]
    binaries: Mapping[str, Linked]
    torch: Torch
    matrix: Matrix

    def described(self, key: str) -> str:
        """Return a distribution's name and version."""
        return f"{self.packages[key].name} {self.packages[key].version}"

    def built_for(self, key: str) -> str | None:
        """Return the torch that a release was built for, as a specifier; None where nothing tells."""
        distribution = replace(self.packages[key], requires=self.binaries[key].requires)
        told = next((r.specifier for r in requirements(distribution, self.python) if r.key == "torch"), "")
        told = told or (self.matrix.requires(key, distribution.version) or {}).get("torch", "")
        if exact(told):
            return told
        match = _TORCH_IN_VERSION.search(distribution.version)
        return f"=={match.group(1)}.{match.group(2)}.*" if match else None

    def fits_by_version(self, key: str) -> bool:
        """Say whether the installed torch is the release that a distribution was built for, as far as is known."""
        wanted = self.built_for(key)
        return wanted is None or satisfies(release(self.torch.version), _public(wanted)) is not False

    def remedy(self, key: str) -> Remedy:
        """Return what makes a distribution and torch fit each other."""
        if not self.fits_by_version(key):
            return self._another_release(key) if self._keeps_torch(key) else self._another_torch(key)
        extensions = [e for e in self.binaries[key].extensions.values() if isinstance(e, Extension)]
        if self.torch.flavour == "cpu" and any(extension.flavour == "cuda" for extension in extensions):
            return self._for_cpu(key) if self._wants_cpu() else self._another_build_of_torch("CUDA")
        majors = {extension.cuda for extension in extensions} - {None}
        published = self.matrix.torch_build(release(self.torch.version))
        if self.torch.cuda and majors and majors != {_major(self.torch.cuda)}:
            if published and majors == {_major(published.cuda)}:
                return self._another_build_of_torch(f"CUDA {_major(published.cuda)}")
            return self._again(key, f"Install a build of {self.described(key)} for CUDA {_major(self.torch.cuda)}.")
        return self._again(key, f"Build {self.described(key)} again, against torch {self.torch.version}.")

    def _keeps_torch(self, key: str) -> bool:
        """Say whether torch is the one that vLLM, or where there is none another distribution, was built for."""
        others = [name for name in self.binaries if name != key and self.built_for(name)]
        deciding = ["vllm"] if "vllm" in others else others
        return key != "vllm" and any(self.fits_by_version(name) for name in deciding)

    def _another_release(self, key: str) -> Remedy:
        kept = f"'torch=={release(self.torch.version)}'"
        vllm = self.packages.get("vllm")
        wanted = {r.key: exact(r.specifier) for r in requirements(vllm, self.python)} if vllm else {}
        if version := wanted.get(key):
            return Remedy(
                text=f"Install the {key} that belongs to the installed vLLM and torch.",
                commands=(f"{self.target.installer} '{key}=={version}' {kept}",),
                pins=((key, version),),
            )
        return Remedy(
            text=f"Install a release of {self.packages[key].name} that was built for torch {self.torch.version}.",
            commands=(f"{self.target.installer} --upgrade '{key}' {kept}",),
        )

    def _another_torch(self, key: str) -> Remedy:
        wanted = self.built_for(key) or ""
        distribution = self.packages[key]
        pins = {r.key: r.specifier for r in requirements(distribution, self.python) if r.key in FAMILY}
        family = {name: pin for name, pin in pins.items() if name in self.packages}
        family["torch"] = _public(wanted)
        others = sorted(
            name
            for name in self.binaries
            if name not in {key, *family} and (pin := self.built_for(name)) and _public(pin) != family["torch"]
        )
        words = [f"'{name}{pin}'" for name, pin in family.items()] + [f"'{name}'" for name in others]
        return Remedy(
            text=f"Put back the torch that {self.described(key)} was built for.",
            commands=(f"{self.target.installer} {' '.join(words)}",),
            pins=tuple((name, version) for name, pin in family.items() if (version := exact(pin))),
        )

    def _another_build_of_torch(self, build: str) -> Remedy:
        number = release(self.torch.version)
        return Remedy(
            text=f"Install the {build} build of torch {number}.",
            commands=(torch_again(self.target, self.packages, number),),
            pins=(("torch", number),),
        )

    def _wants_cpu(self) -> bool:
        """Say whether a build of vLLM for CPUs is what is meant to run here."""
        return any((self.built_for(name) or "").endswith("+cpu") for name in self.binaries)

    def _for_cpu(self, key: str) -> Remedy:
        version = release(self.packages[key].version)
        return Remedy(
            text=f"Install the CPU build of {self.packages[key].name} {version}.",
            commands=(
                f"{self.target.installer} --force-reinstall --no-deps --index-url {CPU_INDEX} '{key}=={version}'",
            ),
            pins=((key, version),),
        )

    def _again(self, key: str, text: str) -> Remedy:
        version = release(self.packages[key].version)
        options = "--force-reinstall --no-deps --no-cache-dir --no-build-isolation"
        return Remedy(
            text=text,
            commands=(f"{self.target.installer} {options} '{key}=={version}'",),
            pins=((key, version),),
        )


def _major(cuda: str) -> str:
    return cuda.partition(".")[0]


def _public(specifier: str) -> str:
    """Return a pin without its local tag: ==2.9.1 of ==2.9.1+cpu."""
    return release(specifier)
