"""Commands that install again what is there, and move nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.matrix.specifiers import release
from verl_doctor.target import Target

_SHARED: Final = (
    "filelock",
    "fsspec",
    "jinja2",
    "markupsafe",
    "mpmath",
    "networkx",
    "setuptools",
    "sympy",
    "typing-extensions",
)
"""What torch requires in any version, and others in some: it stays at the one that is here."""

TORCH_AGAIN: Final = "pip install --force-reinstall 'torch==VERSION' 'fsspec==VERSION' 'setuptools==VERSION'"
"""How the command of `torch_again` looks for an environment that is not known yet."""


def is_forced(command: str) -> bool:
    """Say whether a command installs again what has the version already."""
    return "--force-reinstall" in command


def again(target: Target, requirement: str) -> str:
    """Return the command that installs a distribution again without what it requires."""
    return f"{target.installer} --force-reinstall --no-deps '{requirement}'"


def torch_again(target: Target, packages: Mapping[str, Distribution], version: str) -> str:
    """Return the command that installs torch again with the libraries of CUDA that it pins, and moves nothing else."""
    shared = (packages[name] for name in _SHARED if name in packages and not packages[name].broken)
    words = (f"torch=={release(version)}", *(f"{each.name}=={release(each.version)}" for each in shared))
    return " ".join((f"{target.installer} --force-reinstall", *(f"'{word}'" for word in words)))
