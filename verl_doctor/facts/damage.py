"""What is gone of installed distributions although their RECORD lists it: compiled files, and whole packages.

Only of the distributions that training depends on; an environment loses many a file that nobody asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor.alternatives import DOES_WITHOUT, can_be_spared
from verl_doctor.facts.packages import NAMED, Distribution, normalise
from verl_doctor.facts.shared_objects import RECORD_LIMIT, SharedObjects, is_gone
from verl_doctor.host import Host

DEADLINE: Final = 10.0

_COUNTS: Final = frozenset(
    {"torch", "torchvision", "torchaudio", "triton", "transformers", "numpy", "ray", "accelerate", "peft", "datasets",
     "xformers", "flash-attn", "flashinfer-python", "sglang", "sgl-kernel", "deepspeed", "megatron-core", "mbridge",
     "transformer-engine", "liger-kernel", "vllm-ascend", "torch-npu"}
)  # fmt: skip
"""What checks and known failures name, also where nothing that is installed requires it."""
_SHARED: Final = frozenset(
    {b"benchmark", b"benchmarks", b"docs", b"example", b"examples", b"google", b"nvidia", b"scripts", b"test",
     b"tests", b"tools"}
)  # fmt: skip
"""Packages that many distributions list; the uninstall of one takes them from the others, which do without."""
_OF_TESTS: Final = re.compile(r"(^|[/_])tests?[/_.]")
"""Images that are made smaller leave these out."""
_REQUIRED: Final = re.compile(r"[\w.-]+")
_NEEDS_TORCH: Final = re.compile(rb"^Requires-Dist:\s*torch(?![\w.-])", re.MULTILINE)
_PACKAGE: Final = re.compile(rb"^([\w.-]+)/__init__\.py,", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """The names, as RECORD has them, of a distribution's files that are not there."""

    gone: tuple[str, ...] = ()


def collect(
    host: Host, packages: Mapping[str, Distribution], shared_objects: Mapping[str, SharedObjects]
) -> dict[str, Damage]:
    """Return what is gone, by the normalised name of the distribution that it is gone from."""
    counting = _COUNTS | NAMED | _required(packages)
    found = {}
    for key, distribution in packages.items():
        if any(copy.location == distribution.location for copy in distribution.copies):
            continue  # two versions in one folder: whose file it is that is gone, nothing tells
        objects = shared_objects.get(key)
        compiled = _missed(key, objects) if objects and objects.gone else ()
        if key in counting or key.startswith("nvidia-") or (compiled and _needs_torch(host, distribution)):
            gone = (*_packages(host, distribution), *compiled)
            if gone:
                found[key] = Damage(gone=gone)
    return found


def _required(packages: Mapping[str, Distribution]) -> frozenset[str]:
    """Return what verl, vLLM and tensordict require, not what their extras do."""
    lines = (line for name in NAMED if name in packages for line in packages[name].requires or ())
    plain = (line for line in lines if "extra" not in line.partition(";")[2])
    return frozenset(normalise(match.group()) for line in plain if (match := _REQUIRED.match(line)))


def _missed(key: str, objects: SharedObjects) -> tuple[str, ...]:
    """Return the shared objects that are gone and that nothing stands in for."""
    if key in DOES_WITHOUT:
        return ()
    gone = tuple(name for name in objects.gone if not _OF_TESTS.search(name))
    if key == "torch" or key.startswith("nvidia-"):
        return gone
    return tuple(name for name in gone if not can_be_spared(name, objects.there))


def _needs_torch(host: Host, distribution: Distribution) -> bool:
    try:
        text = host.read(Path(distribution.location, distribution.metadata, "METADATA"), 2**20)
    except OSError:
        return False
    return bool(_NEEDS_TORCH.search(text))


def _packages(host: Host, distribution: Distribution) -> Iterator[str]:
    """Yield the `__init__.py` files that are gone; where the package of the distribution's own name is, all are."""
    place = Path(distribution.location)
    own = place / distribution.name.replace("-", "_") / "__init__.py"
    if distribution.editable is not None or not is_gone(host, own):
        return
    try:
        record = host.read(place / distribution.metadata / "RECORD", RECORD_LIMIT)
    except OSError:
        return
    for name in dict.fromkeys(_PACKAGE.findall(record)):
        file = f"{name.decode('ascii', 'replace')}/__init__.py"
        if name not in _SHARED and is_gone(host, place / file):
            yield file
