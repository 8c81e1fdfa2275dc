"""The parts of verl's configuration that take any key: what lies below is handed on to something else."""

from __future__ import annotations

from typing import Final

from verl_doctor.lint.overrides import ancestors
from verl_doctor.settings.keys import MAPPING, Keys

_OPEN: Final = frozenset(
    {
        *("engine_kwargs", "override_config", "override_transformer_config", "override_ddp_config"),
        *("override_optimizer_config", "override_mcore_model_config", "ray_init", "reward_kwargs", "custom"),
        *("gradient_checkpointing_kwargs", "apply_chat_template_kwargs", "mm_processor_kwargs", "model_config"),
    }
)
"""Mappings that hold defaults for some keys and pass on any other."""


def is_open(key: str, keys: Keys) -> bool:
    """Say whether a key that is not there lies in a part that takes any key."""
    for above in ancestors(key):
        if above in keys:
            return keys[above] is None or (keys[above] == MAPPING and (_is_passed_on(above) or _is_empty(above, keys)))
    return False


def _is_passed_on(key: str) -> bool:
    return not _OPEN.isdisjoint(key.split("."))


def _is_empty(key: str, keys: Keys) -> bool:
    return not any(name.startswith(f"{key}.") for name in keys)
