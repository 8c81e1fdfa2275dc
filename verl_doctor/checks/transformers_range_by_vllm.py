"""The installed transformers is outside the range that the installed vLLM requires.

vLLM reads model configurations and tokenizers through transformers and follows its releases closely. Outside the
range, models fail to load or tokenizers lack an attribute, usually only when the engine starts.

See it: vLLM's Requires-Dist beside `pip show transformers`. Cure it: install a transformers inside the range that
verl accepts too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.checks.requirement_conflict import conflict, requirements
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Finding, Layer, Severity
from verl_doctor.target import Target

ID: Final = "VD022"
NAME: Final = "transformers-range-by-vllm"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.COMPANION
SIGNATURE: Final = (
    r"vllm \S+ requires transformers[<>=!~]",
    r"cannot import name '\w+' from 'transformers[.']",
)


def ask(target: Target, python: Python, packages: Mapping[str, Distribution], matrix: Matrix) -> Iterator[Finding]:
    """Yield a finding where vLLM's requirement on transformers is broken."""
    vllm, transformers = packages.get("vllm"), packages.get("transformers")
    if vllm is None or transformers is None:
        return
    for required in requirements(vllm, python):
        if required.key == "transformers" and satisfies(transformers.version, required.specifier) is False:
            yield conflict(target, python, packages, vllm, required, matrix)
