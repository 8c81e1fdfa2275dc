"""All facts about a node as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from verl_doctor.facts.binaries import Linked
from verl_doctor.facts.broken_patches import Broken
from verl_doctor.facts.compiler import Compiler
from verl_doctor.facts.damage import Damage
from verl_doctor.facts.disks import Disk
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.expected import Expected
from verl_doctor.facts.imports import Import
from verl_doctor.facts.libraries import Library
from verl_doctor.facts.limits import Limits
from verl_doctor.facts.node import Node
from verl_doctor.facts.nvml import Gpu
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.facts.python import Python
from verl_doctor.facts.toolkit import Toolkit
from verl_doctor.facts.torch import Torch
from verl_doctor.facts.vllm import Vllm
from verl_doctor.model import NOT_ASKED, Unavailable
from verl_doctor.target import Target

NOT_RECORDED: Final = Unavailable("the facts were written before this was collected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is the case on one node, for one target. Each field comes from the collector of the same name.

    What is NOT_ASKED by default is not collected with the rest: imports, which can take minutes, and what a policy
    expects. Facts that were written before `damage` was collected tell of none.
    """

    target: Target
    python: Python | Unavailable
    packages: Mapping[str, Distribution] | Unavailable
    torch: Torch | Unavailable
    vllm: Vllm | Unavailable
    libraries: tuple[Library, ...] | Unavailable
    driver: Driver | Unavailable
    gpus: tuple[Gpu, ...] | Unavailable
    toolkit: Toolkit | Unavailable
    compiler: Compiler | Unavailable
    limits: Limits | Unavailable
    disks: tuple[Disk, ...] | Unavailable
    node: Node | Unavailable
    env: Mapping[str, str] | Unavailable
    patches: Mapping[str, PatchState] | Unavailable
    binaries: Mapping[str, Linked] | Unavailable = NOT_RECORDED
    broken_patches: tuple[Broken, ...] | Unavailable = NOT_RECORDED
    damage: Mapping[str, Damage] | Unavailable = field(default_factory=dict)
    imports: Mapping[str, Import] | Unavailable = NOT_ASKED
    expected: Expected | Unavailable = NOT_ASKED
