"""Words that set something, as settings."""

from __future__ import annotations

from typing import Final

from verl_doctor.lint.document import Kind, Setting, Span
from verl_doctor.lint.traced import UNKNOWN, Traced

CONFIGURATION: Final = frozenset(
    {
        "actor_rollout_ref",
        "algorithm",
        "critic",
        "custom_reward_function",
        "data",
        "global_profiler",
        "model",
        "optim",
        "ray_init",
        "ray_kwargs",
        "reward_model",
        "rollout",
        "trainer",
        "transfer_queue",
    }
)
"""The keys that verl's configurations have at their top."""
_IN_KEYS: Final = frozenset("._-@/[]:")


def setting(kind: Kind, name: str, text: Traced, start: int, whole: Span, written: str, sigil: str = "") -> Setting:  # noqa: PLR0913, PLR0917 # the parts of a setting
    """Return a setting whose value is what stands in a text from `start` on, after a key, if there is one."""
    value = text.cut(start, len(text.text)).value
    return Setting(
        kind=kind,
        name=name,
        value=value,
        written=written,
        whole=whole,
        literal=None if value is None else text.literal(start, len(text.text)),
        sigil=sigil,
        key=text.literal(0, len(sigil + name)) if text.text.startswith(sigil + name) else None,
    )


def override(text: Traced, whole: Span, written: str) -> Setting | None:
    """Return the setting that a word of Hydra's command line makes; None for another word."""
    raw = text.text
    sigil = "++" if raw.startswith("++") else raw[:1] if raw[:1] in {"+", "~"} else ""
    key, equals, _ = raw[len(sigil) :].partition("=")
    if not key or not is_key(key) or not (equals or sigil == "~"):
        return None
    return setting("verl", key, text, len(sigil + key + equals), whole, written, sigil)


def is_key(text: str) -> bool:
    """Say whether a text can be a key of a configuration."""
    return all(character.isalnum() or character in _IN_KEYS for character in text) and text[0] not in "-.[:"


def is_of_verl(key: str) -> bool:
    """Say whether a key belongs to verl's configuration."""
    head, dot, _ = key.partition(".")
    return bool(dot) and head in CONFIGURATION


def is_unknown_word(text: Traced) -> bool:
    """Say whether a word can be any setting: its key is not known."""
    return UNKNOWN in text.text.partition("=")[0]
