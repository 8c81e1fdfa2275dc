"""verl is not installed.

Without verl there is no trainer to run. Container images of verl's dependencies come without verl itself on
purpose: it is installed from a checkout or from the index, with `--no-deps` so that it does not move torch.

See it: `python -c "import verl"`. Cure it: install the release that fits the installed vLLM: the command in the
finding names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.model import Finding, Layer, Severity
from verl_doctor.remedies import missing

ID: Final = "VD012"
NAME: Final = "verl-not-installed"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TRAINER


def ask(
    packages: Mapping[str, Distribution], facts: Facts, matrix: Matrix, stack: Stack | None, verl_stack: Stack | None
) -> Iterator[Finding]:
    """Yield a finding where verl is not installed."""
    return missing("verl", packages, facts, matrix, (stack, verl_stack))
