"""tensordict is not installed.

verl carries every batch in a TensorDict: `import verl` imports tensordict first and fails without it.

See it: `python -c "import tensordict"`. Cure it: install the release that fits the installed verl and torch: the
command in the finding names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.model import Finding, Layer, Severity
from verl_doctor.remedies import missing

ID: Final = "VD013"
NAME: Final = "tensordict-not-installed"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.COMPANION
SIGNATURE: Final = ("ModuleNotFoundError: No module named 'tensordict'",)


def ask(
    packages: Mapping[str, Distribution], facts: Facts, matrix: Matrix, stack: Stack | None, verl_stack: Stack | None
) -> Iterator[Finding]:
    """Yield a finding where tensordict is not installed."""
    return missing("tensordict", packages, facts, matrix, (stack, verl_stack))
