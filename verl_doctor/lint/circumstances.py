"""What a file is judged against: the versions and the node, scanned or told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from packaging.version import InvalidVersion, Version

from verl_doctor.errors import UsageError
from verl_doctor.facts.nvml import Gpu
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.stated import stated
from verl_doctor.model import Unavailable

REASON: Final = "told on the command line"
NAMED: Final = ("verl", "vllm", "torch")


def told(versions: Mapping[str, str]) -> Facts:
    """Return facts of which only these versions are known. Raises UsageError for what is no version."""
    for name, version in versions.items():
        try:
            Version(version)
        except InvalidVersion as error:
            raise UsageError(f"--{name} {version}: that is no version.") from error
    return stated(versions, REASON)


def with_versions(facts: Facts, versions: Mapping[str, str]) -> Facts:
    """Return the facts with these versions in place of those that were found. Raises UsageError for no version."""
    new = told(versions).packages
    if isinstance(facts.packages, Unavailable) or isinstance(new, Unavailable):
        return replace(facts, packages=new)
    return replace(facts, packages=type(facts.packages)({**facts.packages, **new}))  # type: ignore[call-arg] # a dict of a kind


def with_gpus(facts: Facts, count: int) -> Facts:
    """Return the facts with this many GPUs on the node: those that were found, as often as it takes."""
    found = () if isinstance(facts.gpus, Unavailable) else facts.gpus
    unknown = Gpu(index=0, uuid="", name="", memory_total=None, memory_free=None, compute_capability=None)
    kinds = found or (unknown,)
    return replace(facts, gpus=tuple(replace(kinds[index % len(kinds)], index=index) for index in range(count)))


def versions_of(facts: Facts) -> dict[str, str]:
    """Return the versions that the judgement rests on."""
    if isinstance(facts.packages, Unavailable):
        return {}
    return {name: facts.packages[name].version for name in NAMED if name in facts.packages}
