"""The files of torch are of another version than its metadata.

`torch-<version>.dist-info` is what installers go by, `torch/version.py` is what an import goes by. Where they name two
releases, an install was written over another one and did not finish: two installers at once, a copied
folder, a layer of an image over another, a full disk. Installers take the version of the metadata for installed and do
nothing; extensions are loaded against the files, or against a mixture of both: `undefined symbol`, `version mismatch`,
a crash without a message. A build tag (`+cu124`) that only one of the two has says nothing.

See it: `pip show torch` beside `__version__` in `torch/version.py`. Cure it: install torch again, by force, for
without it an installer sees nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.checks.requirement_conflict import requirements
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.facts.torch import Torch
from verl_doctor.matrix.specifiers import exact, release, version_of
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.reinstall import torch_again
from verl_doctor.same_build import same_build
from verl_doctor.target import Target

ID: Final = "VD058"
NAME: Final = "torch-versions-differ"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INSTALLATION


def ask(target: Target, python: Python, packages: Mapping[str, Distribution], torch: Torch) -> Iterator[Finding]:
    """Yield a finding where torch's metadata and its files, of one installation, name different versions."""
    installed = packages.get("torch")
    if installed is None or not _is_of(torch, installed) or not _differ(installed.version, torch.version):
        return
    wanted = _pinned(packages, python) or installed.version
    yield Finding(
        message=f"torch is half of one version and half of another: its metadata says {installed.version}, its files "
        f"are of {torch.version}; what is loaded does not fit together, and installers see nothing to do.",
        remedy=Remedy(
            text=f"Install torch {wanted} again, over what is there.",
            commands=(_command(target, packages, wanted),),
            pins=(("torch", wanted),),
        ),
        evidence=(
            f"{installed.location}/{installed.metadata} is of {installed.version}",
            f"{torch.location}/version.py names {torch.version}",
        ),
        about=frozenset({"torch"}),
        prevents=frozenset({"torch"}),
    )


def _is_of(torch: Torch, installed: Distribution) -> bool:
    """Say whether the files are those that the metadata is about: the checkout of an editable one is built anew."""
    is_sound = installed.broken is None and installed.editable is None and not installed.copies
    return is_sound and torch.location == f"{installed.location}/torch"


def _differ(stated: str, found: str) -> bool:
    """Say whether two versions are of two builds; a tag that one lacks, or what is no version, tells nothing."""
    one, other = version_of(stated), version_of(found)
    if one is None or other is None:
        return False
    has_two_tags = one.local is not None and other.local is not None
    return one.public != other.public or (has_two_tags and one.local != other.local)


def _pinned(packages: Mapping[str, Distribution], python: Python) -> str | None:
    """Return the one torch that the installed vLLM was compiled for, where that is another than the metadata says."""
    vllm, installed = packages.get("vllm"), packages["torch"]
    pins = [r.specifier for r in requirements(vllm, python) if r.key == "torch"] if vllm else []
    wanted = exact(str(pins[0])) if pins else None
    return wanted if wanted and release(wanted) != release(installed.version) else None


def _command(target: Target, packages: Mapping[str, Distribution], wanted: str) -> str:
    """Return the command; a build of torch's own index comes from there, where nothing else is taken from."""
    installed = packages["torch"]
    if wanted == installed.version and (installed.url or release(wanted) != wanted):
        return f"{target.installer} --force-reinstall --no-deps {same_build('torch', installed)}"
    return torch_again(target, packages, wanted)
