"""torch is not installed.

torch is what verl, vLLM and tensordict compute with. vLLM pins one release of it, so torch is best installed by
installing vLLM, or at exactly the version that vLLM pins.

See it: `python -c "import torch"`. Cure it: the command in the finding installs what is missing at versions that
fit what is already there and this node's driver.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.model import Finding, Layer, Severity
from verl_doctor.remedies import missing

ID: Final = "VD010"
NAME: Final = "torch-not-installed"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TORCH
FOLLOWS: Final = ("flash-attn-build-isolation",)
SIGNATURE: Final = ("ModuleNotFoundError: No module named 'torch'",)


def ask(
    packages: Mapping[str, Distribution], facts: Facts, matrix: Matrix, stack: Stack | None, verl_stack: Stack | None
) -> Iterator[Finding]:
    """Yield a finding where torch is not installed."""
    return missing("torch", packages, facts, matrix, (stack, verl_stack))
