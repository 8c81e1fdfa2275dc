"""An installed verl, vLLM or tensordict requires packages that are not installed.

An install with `--no-deps`, a package removed later, or an image made by hand leaves out what the metadata names. Most
of it is imported as soon as the package is, so the first import fails; some only when a feature is used.

See it: `uv pip check`. Cure it: install what is missing, inside the range that the metadata names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.checks.requirement_conflict import requirements
from verl_doctor.facts.packages import Distribution, normalise
from verl_doctor.facts.python import Python
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.remedies import ESSENTIAL
from verl_doctor.target import Target

ID: Final = "VD027"
NAME: Final = "requirement-missing"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.COMPANION


def ask(target: Target, python: Python, packages: Mapping[str, Distribution]) -> Iterator[Finding]:
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
                remedy=Remedy(
                    text="Install what is missing.",
                    commands=(" ".join((target.installer, *(f"'{wanted}'" for _, wanted in sorted(absent.items())))),),
                ),
                evidence=(f"{distribution.location}/{distribution.metadata}",),
                about=frozenset({normalise(distribution.name), *absent}),
            )
