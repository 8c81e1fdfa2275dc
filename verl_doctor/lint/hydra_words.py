"""Words that Hydra's command line does not take (measured with hydra-core 1.3.2 and 1.3.8)."""

from __future__ import annotations

from typing import Final, Literal

from verl_doctor.lint.traced import UNKNOWN

Refusal = Literal["no setting", "bracket", "option"]
_OPTIONS: Final = frozenset(
    {
        "--help",
        "-h",
        "--hydra-help",
        "--version",
        "--cfg",
        "-c",
        "--resolve",
        "--package",
        "-p",
        "--run",
        "-r",
        "--multirun",
        "-m",
        "--shell-completion",
        "-sc",
        "--config-path",
        "-cp",
        "--config-name",
        "-cn",
        "--config-dir",
        "-cd",
        "--experimental-rerun",
        "--info",
        "-i",
    }
)
TAKES_NEXT: Final = frozenset(
    {
        "--cfg",
        "-c",
        "--package",
        "-p",
        "--config-path",
        "-cp",
        "--config-name",
        "-cn",
        "--config-dir",
        "-cd",
        "--experimental-rerun",
        "--info",
        "-i",
    }
)
"""Options of Hydra's own that the next word belongs to."""
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


def refusal(word: str) -> Refusal | None:
    """Say why Hydra stops at a word; None where it takes it, or nobody knows."""
    if UNKNOWN in word or word == "--":
        return None
    if word.startswith("--"):
        name = word.partition("=")[0]
        return None if any(option.startswith(name) for option in _OPTIONS) else "option"
    if word.startswith("-"):
        return "option" if "=" in word and word.partition("=")[0] not in _OPTIONS else None
    if "=" not in word:
        return None if word.startswith("~") else "no setting"
    return None if _is_balanced(word.partition("=")[2]) else "bracket"


def _is_balanced(value: str) -> bool:
    """Say whether each bracket outside of quotes has its other half; where quotes are not closed, it counts as such."""
    waiting: list[str] = []
    quote, is_escaped = "", False
    for character in value:
        if is_escaped or character == "\\":
            is_escaped = not is_escaped
        elif quote or character in "'\"":
            quote = "" if quote == character else quote or character
        elif character in _CLOSING:
            waiting.append(_CLOSING[character])
        elif character in _CLOSING.values() and (not waiting or waiting.pop() != character):
            return False
    return bool(quote) or not waiting
