"""The GPU that a name means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from verl_doctor.errors import UsageError
from verl_doctor.matrix.machine import Accelerator
from verl_doctor.matrix.rows import Maker

_CAPABILITY: Final = re.compile(r"sm_?(\d{1,2})(\d)|(\d{1,2})\.(\d)")
_MAKERS: Final = frozenset({"nvidia", "tesla", "geforce", "quadro"})


def accelerator_of(text: str, known: Mapping[str, str], makers: Iterable[Maker]) -> Accelerator | None:
    """Return what a text means that names an accelerator of another maker than NVIDIA; None for any other."""
    by_key = {_key(name) for name in known}
    if any(key in by_key for key in _keys(text)):
        return None
    maker = next((maker for maker in makers if maker.words.search(text)), None)
    return Accelerator(name=" ".join(text.split()), maker=maker) if maker else None


def capability_of(text: str, known: Mapping[str, str]) -> tuple[str, str]:
    """Return name and compute capability of a GPU: "H100", "NVIDIA A100-SXM4-80GB", "rtx4090", "sm_90", "9.0".

    Raises UsageError for a name that is not known, with those that are nearest.
    """
    if match := _CAPABILITY.fullmatch(text.strip().lower()):
        return text.strip(), ".".join(filter(None, match.groups()))
    by_key = {_key(name): name for name in known}
    for key in _keys(text):
        if key in by_key:
            return by_key[key], known[by_key[key]]
    near = get_close_matches(next(_keys(text), ""), by_key, n=4, cutoff=0.4)
    hint = f"nearest: {', '.join(by_key[key] for key in near)}" if near else f"known: {', '.join(known)}"
    raise UsageError(
        f"No GPU is known by the name {text!r}, only NVIDIA's are; {hint}. "
        "A compute capability does as well: --gpu 9.0."
    )


def _key(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _keys(text: str) -> Iterator[str]:
    """Yield what a text may mean, the longest first: trailing words (SXM4, 80GB) are not part of a name."""
    words = [word for word in re.split("[^a-z0-9]+", text.lower()) if word and word not in _MAKERS]
    for count in range(len(words), 0, -1):
        key = "".join(words[:count])
        yield key
        yield f"rtx{key}"
