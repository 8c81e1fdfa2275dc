"""Conditions, patterns and placeholders in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from verl_doctor.knowledge.cures import Cure
from verl_doctor.knowledge.failure import ANY
from verl_doctor.knowledge.launched import Case
from verl_doctor.knowledge.predicates import ABSENT, PRESENT
from verl_doctor.reinstall import TORCH_AGAIN

_BOUNDS: Final = {
    ">=": "{} or newer",
    "<=": "{} or older",
    ">": "newer than {}",
    "<": "before {}",
    "==": "{}",
    "!=": "not {}",
    "~=": "{} or a later one of that series",
}
_BOUND: Final = re.compile(r"(>=|<=|==|!=|~=|>|<)\s*(\S+)")
_NAMES: Final = {
    "python": "Python",
    "driver": "NVIDIA driver",
    "cuda": "the CUDA of torch",
    "capability": "a GPU's compute capability",
    "vllm": "vLLM",
    "sglang": "SGLang",
}
_SAID: Final = {
    "gpu": "a GPU's name matches {}",
    "machine": "the processor is {}",
    "patch": "the patch {} is not applied",
    "untagged": "{} is the build of the package index",
}
_MISSING: Final = {
    "cc": "there is no C compiler",
    "python-headers": "Python.h is not there",
    "cumem-allocator": "vLLM's cumem_allocator extension is not there",
}
_LIMITS: Final = {
    "shm": "/dev/shm holds",  # noqa: S108 - only named
    "open-files": "the limit of open files is",
    "processes": "the limit of processes is",
}
_LITERAL: Final = re.compile(r"\^([\w.-]+)\$")
_PLACES: Final = {
    "torch-again": TORCH_AGAIN,
    "install": "pip install",
    "uninstall": "pip uninstall",
    "python": "python",
    "target": "--python PATH",
    "minor": "3.X",
    "stack": "a recommended stack",
}
_PLACEHOLDER: Final = re.compile(r"(?:(?P<before>[\w-]+)(?P<joint> |==))?\{(?P<name>[a-z][a-z0-9-]*)\}")
_START: Final = re.compile(r"^\(\?:\^\|/\)")
_FITS: Final = "fits everything else that is installed"
_SOFT: Final = (
    (r"\(\?:", "("),
    (r"\(\?<?!(?:\\.|[^()\\])*\)", ""),
    (r"\\d\+|\[\\d\.\]\+", "N"),
    (r"\[\^[^\]]*\]\{[\d,]+\}|\.\{[\d,]+\}|\.\*|\\[wS][+*]|\.\?(?=\w)", "..."),
    (r"\[([A-Za-z])[A-Za-z]\]", r"\1"),
    (r"'\?", "'"),
    (r"\\([.()\[\]+*?|])", r"\1"),
)
"""How a pattern is made readable: numbers, whatever may stand between, and characters that were escaped."""


def condition(stated: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what must hold, each part in words."""
    return tuple(word for key, wanted in stated.items() for word in _part(key, wanted))


def _part(key: str, wanted: Any) -> Iterator[str]:
    match key:
        case "env":
            yield from (_variable(name, value) for name, value in wanted.items())
        case "env-differ":
            yield f"{' and '.join(wanted)} differ"
        case "flavour":
            yield f"torch is a build for {wanted.upper() if wanted == 'cuda' else 'ROCm'}"
        case "gpu-free":
            yield f"of a GPU's memory {wanted.replace('<', 'less than ')} is free"
        case "missing":
            yield _MISSING[wanted]
        case "limit":
            yield from (f"{_LIMITS[name]} {bound.replace('<', 'less than ')}" for name, bound in wanted.items())
        case "gpu" | "machine" | "patch" | "untagged":
            yield _SAID[key].format(_NAMES.get(wanted, wanted))
        case _:
            yield f"{_NAMES.get(key, key)} {_versions(wanted)}"


def _versions(specifier: str) -> str:
    if specifier in {PRESENT, ABSENT}:
        return "is installed" if specifier == PRESENT else "is not installed"
    return "is " + " and ".join(
        _BOUNDS[sign].format(version) for sign, version in _BOUND.findall(specifier.replace(",", " "))
    )


def _variable(name: str, wanted: str) -> str:
    if wanted == ABSENT:
        return f"{name} is not set"
    if wanted in {PRESENT, "."}:
        return f"{name} is set"
    literal = _LITERAL.fullmatch(wanted)
    return f"{name} is {literal.group(1)}" if literal else f"{name} matches {wanted}"


def signature(pattern: str) -> str:
    """Return a line of a log as it looks, as far as a pattern tells; else the pattern."""
    text = pattern
    for soft, plain in _SOFT:
        text = re.sub(soft, plain, text)
    return text


def frame(pattern: str) -> str:
    """Return the file or the function of a frame as it looks, as far as a pattern tells."""
    return signature(_START.sub("", pattern)).removeprefix("^").removesuffix("$").removesuffix("\\b")


def follows(names: tuple[str, ...]) -> str:
    """Return what a failure that shows in a log usually comes from."""
    if names == (ANY,):
        return "It is usually a consequence: whatever else the log shows goes before it."
    return f"It is usually a consequence where the log also shows {' or '.join(f'`{name}`' for name in names)}."


def launch(entry: str | Case) -> str:
    """Return settings as a launch would hold them, with where they matter."""
    if isinstance(entry, str):
        return entry
    settings = " ".join(wanted.said(key) for key, wanted in entry.settings)
    where = " or ".join("; ".join(condition(each.stated)) for each in entry.where)
    head = "not with " if settings else "not"
    return (head if entry.spares else "") + settings + (f"  # where {where}" if where else "")


OTHERWISE: Final = "otherwise"
"""For which environments the last of several cures is."""


def circumstances(cure: Cure) -> tuple[str, ...]:
    """Return for which environments a cure is, as alternatives; none where it is for all."""
    common = [f"{_NAMES.get(name, name)} {since} or newer {_FITS}" for name, since in cure.upgrade]
    if cure.stack:
        kept = "the installed verl" if "vllm" in cure.stack else "the installed verl and vLLM"
        common.append(f"a recommended stack has {kept} and runs on this Python, driver and GPU")
    stated = [condition(each.stated) for each in cure.when] or [()]
    return tuple(filter(None, ("; ".join((*each, *common)) for each in stated)))


def cure(cure: Cure) -> tuple[str, tuple[str, ...]]:
    """Return a cure's sentence and commands for an environment that is not known yet."""
    pins = [f"'{name}=={version}'" for name, version in cure.pins]
    pins += [f"'{name}=={version}'" for name, version in cure.upgrade]  # the nearest; the newest has another torch
    pins += [f"{name}==..." for name in cure.stack]
    text = _filled(cure.text, " ".join(pins))
    return text, tuple(_filled(command, " ".join(pins)) for command in cure.commands)


def _filled(text: str, pins: str) -> str:
    def word(match: re.Match[str]) -> str:
        before, joint, name = match.group("before") or "", match.group("joint") or "", match.group("name")
        if name in {"pins", *_PLACES}:
            return before + joint + (pins if name == "pins" else _PLACES[name])
        if before.lower() == name and joint == " ":  # "verl {verl}": the version that is installed
            return before
        return f"{before}{joint}VERSION" if joint == "==" else f"{before}{joint}the installed {_NAMES.get(name, name)}"

    return _PLACEHOLDER.sub(word, text)
