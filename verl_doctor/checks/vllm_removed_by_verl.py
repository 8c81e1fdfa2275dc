"""The installed verl refuses the installed vLLM: too old, or one that this verl no longer supports.

`verl/third_party/vllm/__init__.py` compares vLLM's version when it is imported and raises
`ValueError: vLLM version ... support has been removed` for those outside its window. The window is in the code, not
in the metadata, so installers do not see it: verl up to 0.4 names single old releases or 0.7 and newer, 0.5 to 0.8
want 0.7.0 or newer, 0.9 wants 0.18.0 or newer.

See it: `python -c "import verl.third_party.vllm"`. Cure it: install a vLLM inside the window, or the verl that was
made for this vLLM.
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

ID: Final = "VD021"
NAME: Final = "vllm-removed-by-verl"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.ENGINE
SIGNATURE: Final = (
    r"vLLM version \S+ support has been removed",
    r"vllm version \S+ not supported and SGLang also not Found",
)


def ask(
    target: Target, packages: Mapping[str, Distribution], matrix: Matrix, verl_stack: Stack | None
) -> Iterator[Finding]:
    """Yield a finding where verl's own gate refuses the installed vLLM."""
    verl, vllm = packages.get("verl"), packages.get("vllm")
    gate = matrix.gate(verl.version) if verl else None
    if verl is None or vllm is None or gate is None or satisfies(vllm.version, gate.vllm) is not False:
        return
    yield Finding(
        message=f"verl {verl.version} accepts vLLM {gate.vllm} and raises ValueError for the installed {vllm.version}.",
        remedy=install_for_verl(target, verl, verl_stack, f"{target.installer} 'vllm{gate.vllm}'"),
        evidence=(f"{verl.location}/{verl.metadata}", f"{vllm.location}/{vllm.metadata}"),
        sources=gate.sources,
        about=frozenset({"verl", "vllm"}),
    )
