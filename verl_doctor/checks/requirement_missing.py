"""An installed verl, vLLM or tensordict requires packages that are not installed.

An install with `--no-deps`, a package removed later, or an image made by hand leaves out what the metadata names. Most
of it is imported as soon as the package is, so the first import fails; some only when a feature is used.

See it: `uv pip check`. Cure it: install what is missing, at the versions of the recommended stack where it has
them, else inside the range that the metadata names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.checks.requirement_conflict import requirements
from verl_doctor.facts.packages import Distribution, normalise
from verl_doctor.facts.python import Python
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.model import Finding, Layer, Severity
from verl_doctor.remedies import ESSENTIAL, install_companions

ID: Final = "VD027"
NAME: Final = "requirement-missing"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.COMPANION
SIGNATURE: Final = (
    r"No module named '(?:ray|hydra|accelerate|datasets|dill|pandas|peft|pyarrow|pybind11|pylatexenc|torchdata|wandb)'",
)


def ask(
    python: Python, packages: Mapping[str, Distribution], facts: Facts, matrix: Matrix, stack: Stack | None
) -> Iterator[Finding]:
    """Yield a finding for each distribution with requirements that are not installed.

    The ESSENTIAL distributions have checks of their own.
    """
    for distribution in packages.values():
        absent = {
            required.key: f"{required.key}{required.specifier}"
            for required in requirements(distribution, python)
            if required.key not in packages and required.key not in ESSENTIAL
        }
        if absent:
            yield Finding(
                message=f"{distribution.name} {distribution.version} requires {', '.join(sorted(absent))}, "
                f"of which {'none' if len(absent) > 1 else 'nothing'} is installed.",
                remedy=install_companions(facts, matrix, stack, absent),
                evidence=(f"{distribution.location}/{distribution.metadata}",),
                about=frozenset({normalise(distribution.name), *absent}),
            )
