"""The versions that a log tells of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from packaging.version import InvalidVersion, Version

from verl_doctor.diagnose.line import Line
from verl_doctor.facts.packages import normalise

_VERSION: Final = r"v?(?P<version>\d[\w.+!-]*)"
_BEFORE: Final = re.compile(r"\[(?:pip3|conda)\] | ?\+ (?=\S+$)")
"""What collect_env and uv put before a name and its version."""
_PAIR: Final = re.compile(r"(?P<name>[A-Za-z][\w.-]*)==?(?P<version>\S+)$")
_INSTALLED: Final = re.compile(r"(?P<name>[A-Za-z][\w.-]*?)-(?P<version>\d[\w.+!]*)$")
_TOLD: Final = {
    "LLM engine (v": ("vllm", re.compile(rf"Initializing an? (?:V\d )?LLM engine \({_VERSION}\)")),
    "vLLM API server version": ("vllm", re.compile(rf"vLLM API server version {_VERSION}(?:\s|$)")),
    "vLLM Version": ("vllm", re.compile(rf"vLLM Version *: *{_VERSION}(?:\s|$)")),
    "PyTorch version:": ("torch", re.compile(rf"PyTorch version: {_VERSION}(?:\s|$)")),
}
_SUCCESS: Final = "Successfully installed "
_OF_INTEREST: Final = ("verl", "vllm", "torch", "tensordict", "transformers", "ray", "numpy", "flash-attn", "pyarrow")

WORDS: Final = (*_TOLD, _SUCCESS, *(f"{name}==" for name in (*_OF_INTEREST, "flash_attn")))
"""What a line holds that tells of versions."""


def told(line: Line) -> Iterator[tuple[str, str]]:
    """Yield the distributions, by normalised name, and versions that a line tells of."""
    for name, version in _claimed(line.text):
        try:
            Version(version)
        except InvalidVersion:
            continue
        yield normalise(name), version


def _claimed(text: str) -> Iterator[tuple[str, str]]:
    for word, (name, pattern) in _TOLD.items():
        if word in text and (found := pattern.search(text)):
            yield name, found["version"]
    pairs = [_PAIR.match(word) for word in _BEFORE.sub("", text).split()] if "==" in text else []
    if all(pairs):  # a line of a list of what is installed, or one that holds nothing else
        yield from ((pair["name"], pair["version"]) for pair in pairs if pair)
    if text.startswith(_SUCCESS):
        for word in text[len(_SUCCESS) :].split():
            if found := _INSTALLED.match(word):
                yield found["name"], found["version"]
