"""The installed verl and vLLM are a pair that nobody vouches for.

verl follows vLLM's internals release by release. A verl release declares the vLLM versions it was made for, and some
others are known to install and import; outside both, the first rollout is the test. Where it is known what breaks, the
known failure says so instead.

See it: the window in the finding. Cure it: the vLLM of the recommended stack for this verl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Finding, Layer, Severity
from verl_doctor.remedies import install_for_verl
from verl_doctor.target import Target

ID: Final = "VD026"
NAME: Final = "vllm-untested-with-verl"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.ENGINE


def ask(
    target: Target, packages: Mapping[str, Distribution], matrix: Matrix, verl_stack: Stack | None
) -> Iterator[Finding]:
    """Yield a finding where this vLLM is neither declared by this verl nor known to be usable with it."""
    verl, vllm = packages.get("verl"), packages.get("vllm")
    window = matrix.window(verl.version) if verl else None
    if verl is None or vllm is None or window is None:
        return
    if any(satisfies(vllm.version, versions) is not False for versions in (window.declared, window.usable)):
        return
    yield Finding(
        message=f"verl {verl.version} was made for vLLM {window.declared}; "
        f"with {vllm.version} it is not known to work (known: {window.usable}).",
        remedy=install_for_verl(target, verl, verl_stack),
        evidence=(f"{verl.location}/{verl.metadata}", f"{vllm.location}/{vllm.metadata}"),
        sources=window.sources,
        about=frozenset({"verl", "vllm"}),
    )
