"""gpu_memory_utilization leaves too little memory for what training keeps on the GPU.

With verl's hybrid engine the trainer and vLLM share each GPU. While vLLM is awake, the trainer keeps its shard of the
parameters and of the optimizer's state there, unless they are offloaded. vLLM takes its share of the whole GPU's
memory, not of what is free, so with 0.9 or more the KV cache does not fit beside them: out of memory when vLLM wakes
up.

A share above 1, or 0, is refused by every vLLM. Under verl 0.2 with vLLM 0.6.3 the share is one of the free memory,
so a large one is right there; nothing is said about it.

Lower it (0.5 to 0.8 are usual), or offload with actor_rollout_ref.actor.fsdp_config.param_offload=True and
optimizer_offload=True.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.configured import ROLLOUT, configured, module, trains, uses_vllm, value
from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.fault import Fault
from verl_doctor.lint.versions import released
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import values

ID: Final = "VD608"
NAME: Final = "memory-share-too-large"
SEVERITY: Final = Severity.WARNING
KEY: Final = f"{ROLLOUT}.gpu_memory_utilization"
_LARGE: Final = 0.9
_STRATEGIES: Final = frozenset({"fsdp", "fsdp2"})
_KEPT: Final = (
    ("actor_rollout_ref.hybrid_engine", True),
    ("actor_rollout_ref.actor.fsdp_config.param_offload", False),
    ("actor_rollout_ref.actor.fsdp_config.optimizer_offload", False),
)


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the share where it is impossible, or leaves too little."""
    del matrix
    setting = launch.setting("verl", KEY)
    share = values.number(setting.value) if setting else None
    if setting is None or share is None or not trains(launch) or not uses_vllm(launch):
        return
    if not 0 < share <= 1:
        yield _fault(setting, Severity.ERROR, f"{KEY} is {setting.value}: vLLM takes a share between 0 and 1.")
    elif share >= _LARGE and _is_colocated(launch, facts) and configured(launch, facts):
        left = round((1 - share) * 100)
        yield _fault(
            setting, SEVERITY, f"{KEY} is {setting.value}, which leaves {left}% of each GPU for what training keeps."
        )


def _is_colocated(launch: Launch, facts: Facts) -> bool:
    """Say whether FSDP's parameters and optimizer stay on GPUs that vLLM takes its share of."""
    vllm, strategy = released(facts, "vllm"), value(launch, facts, "actor_rollout_ref.actor.strategy")
    if (
        "generation" in (module(launch) or "")
        or vllm is None
        or satisfies(vllm, ">=0.7.0") is not True
        or strategy is None
    ):
        return False
    kept = [(value(launch, facts, key), wanted) for key, wanted in _KEPT]
    return strategy.text in _STRATEGIES and all(found and values.plain(found.text) is wanted for found, wanted in kept)


def _fault(setting: Setting, severity: Severity, message: str) -> Fault:
    return Fault(
        id=ID,
        name=NAME,
        severity=severity,
        setting=setting,
        message=message,
        remedy=Remedy(
            text=(
                f"Set {KEY} to 0.8 or less, or offload with actor_rollout_ref.actor.fsdp_config.param_offload=True and "
                "optimizer_offload=True."
            )
        ),
    )
