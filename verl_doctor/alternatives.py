"""Which extensions must fit: not those of a package that does without, nor one of several of which one is chosen.

Some packages hold the same extension for several torches, Pythons, CUDAs or codecs, and load the one that fits. One
whose name says for which torch it is (nixl's `nixl_ep_cpp_torch213`, mooncake's `pg_2_13_0`) is loaded beside no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from verl_doctor.facts.binaries import Extension, Linked
from verl_doctor.facts.torch import Torch

DOES_WITHOUT: Final = frozenset({"torchao", "torch-c-dlpack-ext"})
"""Their Python code goes on where their extensions cannot be loaded."""

_TORCH_IN_NAME: Final = re.compile(r"torch\d{2,}|_\d+_\d+_\d+")
_CHOICE: Final = re.compile(r"(torch|ffmpeg|core|ops|cpython-|cu|sm_?)\d+|cuda|cpu|rocm|hip")


def judged(binaries: Mapping[str, Linked], torch: Torch) -> Iterator[tuple[str, Mapping[str, Extension]]]:
    """Yield the distributions with those of their extensions that must fit this torch; vLLM comes first."""
    for key, linked in sorted(binaries.items(), key=lambda item: item[0] != "vllm"):
        if key not in DOES_WITHOUT:
            yield key, _counted(linked, torch)


def _counted(linked: Linked, torch: Torch) -> Mapping[str, Extension]:
    readable = {path: e for path, e in linked.extensions.items() if isinstance(e, Extension)}
    fitting = {path for path, extension in readable.items() if _fits(extension, torch)}
    chosen = {_choice(path) for path in fitting}
    idle = {path for path in readable if _choice(path) in chosen or _TORCH_IN_NAME.search(path)} - fitting
    return {path: extension for path, extension in readable.items() if path not in idle}


def differs(extension: Extension, torch: Torch) -> bool:
    """Say whether an extension is for another CUDA than torch, or for CUDA beside a CPU build."""
    if torch.flavour == "cpu":
        return extension.flavour == "cuda"
    if torch.flavour != "cuda" or extension.cuda is None or torch.cuda is None:
        return False
    return extension.cuda != torch.cuda.partition(".")[0]


def can_be_spared(name: str, others: Iterable[str]) -> bool:
    """Say whether a file that is gone is for a certain torch, or one of several of which others are there."""
    return bool(_TORCH_IN_NAME.search(name)) or any(_choice(path).endswith(f"/{_choice(name)}") for path in others)


def _fits(extension: Extension, torch: Torch) -> bool:
    return not (extension.missing or extension.absent or extension.outdated or differs(extension, torch))


def _choice(path: str) -> str:
    """Return what the names of alternatives have in common."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{_CHOICE.sub('*', name)}"
