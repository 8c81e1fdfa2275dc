"""torch holds no code for this node's GPU.

A build of torch carries machine code for a list of GPU generations. Code for one generation runs on later members of
the same one (8.0 on 8.6), never on another; only PTX ("compute_...") can be translated for newer ones. On a GPU that
is not in the list the first kernel fails with "no kernel image is available for execution on the device": a Blackwell
card with torch before 2.8, a V100 with torch 2.11.

See it: `torch.cuda.get_arch_list()` beside `torch.cuda.get_device_capability()`. Cure it: a torch release, with its
vLLM and verl, that was built for the GPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.driver import Driver
from verl_doctor.facts.nvml import Gpu
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.torch import Torch
from verl_doctor.matrix.gpu_code import runs_on
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.model import Finding, Layer, Remedy, Severity, UnknownError
from verl_doctor.remedies import install
from verl_doctor.target import Target

ID: Final = "VD203"
NAME: Final = "gpu-arch-not-in-build"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.GPU
SIGNATURE: Final = (
    "no kernel image is available for execution on the device",
    r"with CUDA capability sm_\d+ is not compatible with the current PyTorch installation",
)


def ask(
    target: Target,
    packages: Mapping[str, Distribution],
    torch: Torch,
    driver: Driver,
    gpus: tuple[Gpu, ...],
    matrix: Matrix,
    driver_stack: Stack | None,
) -> Iterator[Finding]:
    """Yield a finding for each kind of GPU that torch has no code for."""
    if torch.flavour != "cuda" or driver.state == "absent" or not gpus:
        return
    archs = torch.archs or matrix.archs(torch.version, torch.cuda)
    if archs is None:
        raise UnknownError(f"for which GPUs torch {torch.version} was built is not known")
    for capability, name in sorted({(g.compute_capability, g.name) for g in gpus if g.compute_capability}):
        if not any(runs_on(arch, capability) for arch in archs):
            yield Finding(
                message=f"torch {torch.version} holds no code for {name} (compute capability {capability}).",
                remedy=_remedy(target, packages, matrix, driver_stack, capability),
                evidence=(f"torch is built for {' '.join(archs)}",),
                about=frozenset({"torch", "gpu"}),
            )
    if not all(gpu.compute_capability for gpu in gpus):
        raise UnknownError("the driver does not tell the compute capability of every GPU")


def _remedy(
    target: Target, packages: Mapping[str, Distribution], matrix: Matrix, stack: Stack | None, capability: str
) -> Remedy:
    """Return the stack for the installed verl whose torch holds the code, else where such a torch begins."""
    if stack:
        names = [name for name in stack.pins if name in packages]
        return install(target, stack, names, "Install a stack with a torch that holds it")
    built = matrix.torch_built_for(capability)
    if built is None:
        return Remedy(text="Install a torch that was built for this GPU.")
    return Remedy(
        text=f"Install a stack with a torch that holds it ({built}); none is known for the installed verl.",
        commands=("verl-doctor recommend",),
    )
