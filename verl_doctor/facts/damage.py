"""What is gone or cut short of installed distributions: compiled files that RECORD lists, modules, and whole packages.

Only of the distributions that training depends on; an environment loses many a file that nobody asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from verl_doctor.alternatives import DOES_WITHOUT, can_be_spared
from verl_doctor.facts import modules
from verl_doctor.facts.elf import CutShortError, ElfFile, UnreadableError
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
_LARGE: Final = ("torch", "transformers", "ray")
"""Whose thousands of modules are looked for only where there is time; those of NAMED always are."""
_REQUIRED: Final = re.compile(r"[\w.-]+")
_NEEDS_TORCH: Final = rb"(?m)^Requires-Dist:\s*torch(?![\w.-])"
_PACKAGE: Final = re.compile(rb"^([\w.-]+)/__init__\.py,", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """The names, as RECORD has them, of a distribution's files that are not there, or that end too early."""

    gone: tuple[str, ...] = ()
    cut_short: tuple[str, ...] = ()


WHOLE: Final = Damage()


def collect(
    host: Host, packages: Mapping[str, Distribution], shared_objects: Mapping[str, SharedObjects]
) -> dict[str, Damage]:
    """Return the damage by the normalised names of the distributions that have any."""
    counting = _COUNTS | NAMED | _required(packages)
    found = {}
    for key, distribution in packages.items():
        if any(copy.location == distribution.location for copy in distribution.copies):
            continue  # two versions in one folder: whose file it is that is gone, nothing tells
        compiled = _compiled(host, key, distribution, shared_objects.get(key))
        if key in counting or key.startswith("nvidia-") or (compiled != WHOLE and _needs_torch(host, distribution)):
            packages_gone = tuple(_packages(host, distribution))
            modules_gone = modules.gone(host, distribution) if key in NAMED and not packages_gone else ()
            damage = replace(compiled, gone=(*packages_gone, *modules_gone, *compiled.gone))
            if damage != WHOLE:
                found[key] = damage
    return found


def with_large(host: Host, packages: Mapping[str, Distribution], damage: Mapping[str, Damage]) -> dict[str, Damage]:
    """Return the damage with the modules that are gone of the large distributions, too."""
    found = dict(damage)
    for key in (key for key in _LARGE if key in packages):
        known, distribution = found.get(key, WHOLE), packages[key]
        is_told = any(name.endswith(".py") for name in known.gone)
        is_twice = any(copy.location == distribution.location for copy in distribution.copies)
        if not is_told and not is_twice and (missing := modules.gone(host, distribution)):
            found[key] = replace(known, gone=(*missing, *known.gone))
    return found


def _required(packages: Mapping[str, Distribution]) -> frozenset[str]:
    """Return what verl, vLLM and tensordict require, not what their extras do."""
    lines = (line for name in NAMED if name in packages for line in packages[name].requires or ())
    plain = (line for line in lines if "extra" not in line.partition(";")[2])
    return frozenset(normalise(match.group()) for line in plain if (match := _REQUIRED.match(line)))


def _compiled(host: Host, key: str, distribution: Distribution, objects: SharedObjects | None) -> Damage:
    """Return which shared objects are damaged; not those that nobody misses, or that others stand in for."""
    if objects is None or key in DOES_WITHOUT:
        return WHOLE
    is_whole = key == "torch" or key.startswith("nvidia-")
    return Damage(
        gone=tuple(
            name
            for name in objects.gone
            if not re.search(modules.OF_TESTS, name) and (is_whole or not can_be_spared(name, objects.there))
        ),
        cut_short=tuple(name for name in objects.shorter if _is_cut_short(host, Path(distribution.location, name))),
    )


def _is_cut_short(host: Host, file: Path) -> bool:
    """Say whether a shared object ends before what the loader maps of it; one that was stripped does not."""
    try:
        with host.opened(file) as read:
            return ElfFile(read).loaded_size > host.size(file)
    except CutShortError:
        return True
    except (UnreadableError, OSError):
        return False


def _needs_torch(host: Host, distribution: Distribution) -> bool:
    try:
        text = host.read(Path(distribution.location, distribution.metadata, "METADATA"), 2**20)
    except OSError:
        return False
    return bool(re.search(_NEEDS_TORCH, text))


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
        if name.decode("ascii", "replace") not in modules.SHARED and is_gone(host, place / file):
            yield file
