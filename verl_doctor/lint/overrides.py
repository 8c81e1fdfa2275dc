"""What Hydra says to the overrides of a launch, one after the other (measured with hydra-core 1.3.2 and 1.3.8).

A configuration is closed ("struct"), mappings that are empty or hold a null among them: a new key needs "+", and "+" is
refused where there is a value already. Null and "???" count as no value; a mapping or a list given with "+" is merged.
"++" always goes; "~" needs the key to be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from verl_doctor.lint.configured import OPTIONS, Configured, is_group
from verl_doctor.lint.document import Setting
from verl_doctor.settings.keys import MISSING, Keys

Refusal = Literal["not there", "there already"]
_KEY: Final = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)*")


@dataclass(frozen=True, slots=True)
class Refused:
    """An override that Hydra refuses, whichever of the possible configurations it is."""

    setting: Setting
    why: Refusal


def refused(settings: Sequence[Setting], start: Configured) -> Iterator[Refused]:
    """Yield the overrides that Hydra refuses."""
    before: dict[str, str] = {}
    for setting in settings:
        if setting.kind != "verl" or not _is_key(setting.name):
            continue
        whys = {_refusal(setting, keys, before) for keys in start.possible}
        why = whys.pop() if len(whys) == 1 else None
        if why:
            yield Refused(setting, why)
        before[setting.name] = setting.sigil


def _is_key(name: str) -> bool:
    is_hydra = name == "hydra" or name.startswith("hydra.") or name.lstrip("-") in OPTIONS
    return not is_hydra and not is_group(name) and _KEY.fullmatch(name) is not None


def _refusal(setting: Setting, keys: Keys, before: Mapping[str, str]) -> Refusal | None:
    """Say why an override is refused after those before it, whose sigils are given by name."""
    name = setting.name
    if setting.sigil == "++" or any(name.startswith(f"{each}.") for each in before) or before.get(name) == "~":
        return None
    if setting.sigil == "+":
        return "there already" if _has_value(name, keys) and not _is_merged(setting) else None
    if name in before or any(each.startswith(f"{name}.") for each in before):
        return None
    return None if name in keys or _is_element(name, keys) else "not there"


def _has_value(name: str, keys: Keys) -> bool:
    return name in keys and keys[name] is not None and keys[name] != MISSING


def _is_merged(setting: Setting) -> bool:
    """Say whether a value is a mapping or a list, which "+" merges; what is not known may be one."""
    return setting.value is None or setting.value.strip().lstrip("'\"").startswith(("{", "["))


def _is_element(name: str, keys: Keys) -> bool:
    """Say whether a key may be an element of a list, or lies behind a reference."""
    parent, _, leaf = name.rpartition(".")
    return (leaf.isdigit() and isinstance(keys.get(parent), list)) or any(
        isinstance(keys.get(each), str) and str(keys[each]).startswith("${") for each in ancestors(name)
    )


def ancestors(name: str) -> Iterator[str]:
    """Yield the keys above a key, the nearest first."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name
