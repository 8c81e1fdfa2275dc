"""Which extensions must fit: not those of a package that does without, nor one of several of which one is chosen.

Some packages hold the same extension for several torches, Pythons, CUDAs or codecs, and load the one that fits:
torch_c_dlpack_ext has `libtorch_c_dlpack_addon_torch28-cuda.so` and eleven more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.binaries import Extension, Linked
from verl_doctor.facts.torch import Torch

DOES_WITHOUT: Final = frozenset({"torchao", "torch-c-dlpack-ext"})
"""Their Python code goes on where their extensions cannot be loaded."""

_CHOICE: Final = re.compile(r"(torch|ffmpeg|core|ops|cpython-|cu|sm_?)\d+|cuda|cpu|rocm|hip")


def judged(binaries: Mapping[str, Linked], torch: Torch) -> Iterator[tuple[str, Mapping[str, Extension]]]:
    """Yield the distributions with those of their extensions that must fit this torch; vLLM comes first."""
    for key, linked in sorted(binaries.items(), key=lambda item: item[0] != "vllm"):
        if key not in DOES_WITHOUT:
            readable = {path: e for path, e in linked.extensions.items() if isinstance(e, Extension)}
            chosen = {_choice(path) for path, extension in readable.items() if _fits(extension, torch)}
            yield key, {path: e for path, e in readable.items() if _fits(e, torch) or _choice(path) not in chosen}


def differs(extension: Extension, torch: Torch) -> bool:
    """Say whether an extension is for another CUDA than torch, or for CUDA beside a CPU build."""
    if torch.flavour == "cpu":
        return extension.flavour == "cuda"
    if torch.flavour != "cuda" or extension.cuda is None or torch.cuda is None:
        return False
    return extension.cuda != torch.cuda.partition(".")[0]


def _fits(extension: Extension, torch: Torch) -> bool:
    return not (extension.missing or extension.absent or extension.outdated or differs(extension, torch))


def _choice(path: str) -> str:
    """Return what the names of alternatives have in common."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{_CHOICE.sub('*', name)}"
