"""What comes along with an installation, at versions that fit: left to itself an installer takes those of today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.checks.requirement_conflict import requirements
from verl_doctor.facts.packages import NAMED
from verl_doctor.facts.snapshot import Facts
from verl_doctor.fitting import fits, fitting_release
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.matrix.specifiers import exact, release, satisfies
from verl_doctor.model import Unavailable

KEPT: Final = frozenset({"verl", "vllm", "torch"})
"""What a stack was chosen for: what is installed of these stays; torch only with the vLLM that was built for it."""
WITH_TORCH: Final = frozenset({"torchvision", "torchaudio"})


def companions(facts: Facts, matrix: Matrix, stack: Stack, new: Mapping[str, str]) -> dict[str, str]:
    """Return versions of what the stack pins and is missing, or does not fit once `new` is installed.

    What vLLM pins goes before what the stack says. What is installed and fits is left alone.
    """
    installed = {} if isinstance(facts.packages, Unavailable) else facts.packages
    python = "" if isinstance(facts.python, Unavailable) else facts.python.version
    after = {**{name: each.version for name, each in installed.items()}, **new}
    demands = _demands(facts, matrix, new)
    stays = KEPT - {"torch"} if "vllm" in new else KEPT
    found: dict[str, str] = {}
    for name, pin in stack.pins.items():
        if name in new or name in stays or (name in WITH_TORCH and not _follows_torch(stack, after, demands, name)):
            continue
        wanted = demands.get(name, [])
        current = (after[name],) if name in installed else ()
        for version in (
            *current,
            *filter(None, map(exact, wanted)),
            pin,
            *_others(matrix, after, name, wanted, python),
        ):
            if all(satisfies(version, each) is not False for each in wanted) and fits(
                matrix, after, name, version, python
            ):
                after[name] = version
                if version not in current:
                    found[name] = version
                break
    return found


def kept(facts: Facts, matrix: Matrix, new: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is to be named beside `new` so that an installer heeds what it requires: it heeds nothing else.

    Only a release as the index has it, and only where nothing speaks against its requirements, can be named.
    """
    installed = {} if isinstance(facts.packages, Unavailable) else facts.packages
    after = {**{name: each.version for name, each in installed.items()}, **new}
    found = []
    for name in sorted(KEPT & installed.keys() - new.keys()):
        each = installed[name]
        required = {**(matrix.requires(name, each.version) or {})}
        if each.requires is not None and not isinstance(facts.python, Unavailable):
            required |= {r.key: r.specifier for r in requirements(each, facts.python)}
        is_published = matrix.known(name, each.version) and not (each.editable or each.url or each.broken)
        is_whole = name == "torch" or release(each.version) == each.version
        if (
            is_published
            and is_whole
            and all(satisfies(after[key], wanted) is not False for key, wanted in required.items() if key in after)
        ):
            found.append(f"{name}=={release(each.version)}")
    return tuple(found)


def _others(matrix: Matrix, after: Mapping[str, str], name: str, wanted: list[str], python: str) -> Iterator[str]:
    yield from filter(None, (fitting_release(matrix, after, name, wanted, python),))


def _follows_torch(stack: Stack, after: Mapping[str, str], demands: Mapping[str, list[str]], name: str) -> bool:
    """Say whether it is known which release of this one goes with the torch that there will be."""
    return name in demands or satisfies(after.get("torch", ""), f"=={stack.pins['torch']}") is True


def _demands(facts: Facts, matrix: Matrix, new: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what is required of each distribution, by what stays and by what is new."""
    found: dict[str, list[str]] = {}
    known = [matrix.requires(*pin) or {} for pin in new.items() if pin[0] in NAMED]
    for name, each in ({} if isinstance(facts.packages, Unavailable) else facts.packages).items():
        if name in new or name not in NAMED:
            continue
        if each.requires is None or isinstance(facts.python, Unavailable):
            known.append(matrix.requires(name, each.version) or {})
        else:
            known.append({r.key: r.specifier for r in requirements(each, facts.python)})
    for each_known in known:
        for name, specifier in each_known.items():
            found.setdefault(name, []).extend(filter(None, (specifier,)))
    return found
