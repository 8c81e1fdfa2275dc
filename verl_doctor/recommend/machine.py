"""The machine that advice is for: what the facts say of it, and what the user says instead."""

from __future__ import annotations

from dataclasses import dataclass, replace

from verl_doctor.errors import DoctorError, UsageError
from verl_doctor.facts.gpus import kinds
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.machine import Accelerator, Machine
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import version_of
from verl_doctor.model import Unavailable
from verl_doctor.recommend.gpu_names import accelerator_of, capability_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the user says of the machine."""

    driver: str | None = None
    cuda: str | None = None
    gpu: str | None = None
    python: str | None = None


def seen(facts: Facts, *, is_named: bool, is_own: bool) -> Machine:
    """Return the machine as the facts say.

    Facts of a place without an NVIDIA driver say nothing of the node that will run verl, unless the user named
    that place (`is_named`); the Python in which verl-doctor itself is installed (`is_own`) binds nobody.
    """
    driver = None if isinstance(facts.driver, Unavailable) else facts.driver.version
    if driver is None and not is_named:
        return Machine()
    python = None if isinstance(facts.python, Unavailable) else facts.python
    libc = None if isinstance(facts.node, Unavailable) else facts.node.libc
    return Machine(
        python=python.version if python and not is_own else None,
        driver=driver,
        gpus=kinds(facts.gpus),
        processor=python.machine if python else None,
        glibc=libc.removeprefix("glibc ") if libc and libc.startswith("glibc ") else None,
    )


def described(machine: Machine, description: Described, matrix: Matrix, *, is_asked: bool) -> Machine:
    """Return the machine with what the user says of it instead.

    Raises UsageError for what is no version or no GPU, and DoctorError where nothing is known of driver and
    GPUs, nothing is described, and no version is asked for (`is_asked`).
    """
    versions = {"driver": description.driver, "cuda": description.cuda, "python-version": description.python}
    for option, text in versions.items():
        if text is not None and version_of(text) is None:
            raise UsageError(f"--{option} {text}: that is no version.")
    if not (is_asked or machine.driver or machine.gpus or description != Described()):
        raise DoctorError(
            "no NVIDIA driver answers here, so what this node can run is not known; describe the node: "
            "--driver 550.54.15 (or --cuda 12.4) --gpu H100 --python-version 3.12, or give its --facts FILE."
        )
    gpus, accelerator = _gpus(machine, description.gpu, matrix)
    return replace(
        machine,
        driver=description.driver or (None if description.cuda else machine.driver),
        cuda=description.cuda,
        gpus=gpus,
        accelerator=accelerator,
        python=description.python or machine.python,
    )


def _gpus(
    machine: Machine, named: str | None, matrix: Matrix
) -> tuple[tuple[tuple[str, str], ...], Accelerator | None]:
    """Return the machine's GPUs, or the one named instead; or an accelerator of another maker that is named."""
    if named is None:
        return machine.gpus, machine.accelerator
    known = matrix.gpu_names()
    if accelerator := accelerator_of(named, known, matrix.makers()):
        return (), accelerator
    return (capability_of(named, known),), None
