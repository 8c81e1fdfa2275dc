"""Which settings of a launch bring a known failure about, or spare it.

`launch` of an entry is a list. A text only names a setting that has to do with it, for readers. A mapping is judged:

    settings: {KEY: VALUE}   keys of verl that together bring it about; what is not set counts as verl's default
    unless: {KEY: VALUE}     instead of `settings`: with these it cannot occur
    rollout: vllm            only where vLLM makes the rollouts
    where: conditions        on the facts; they hold instead of the failure's own `when`
    fix: {KEY: VALUE}        what these keys should be set to; "" removes a setting

VALUE is a value ("False"), several ("fsdp2 or megatron"), a bound (">1"), or "set" for anything but null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from verl_doctor.errors import DataError
from verl_doctor.knowledge.conditions import conditions
from verl_doctor.knowledge.judgement import Condition
from verl_doctor.matrix.strict_yaml import Row
from verl_doctor.settings import values

_BOUND: Final = re.compile(r"(>=|<=|>|<)(\d+(?:\.\d+)?)")
_SET: Final = "set"
_OR: Final = " or "


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a value must be."""

    stated: str

    def holds(self, text: str) -> bool:
        """Say whether a value, as a launch writes it, is what is wanted."""
        value = values.plain(text)
        if self.stated == _SET:
            return value is not None
        if bound := _BOUND.fullmatch(self.stated):
            return values.is_beyond(value, bound.group(1), float(bound.group(2)))
        return any(value == values.plain(each) for each in self.stated.split(_OR))

    def said(self, key: str) -> str:
        """Return a setting as it would be written."""
        if self.stated == _SET:
            return key
        return f"{key}{self.stated}" if _BOUND.fullmatch(self.stated) else f"{key}={self.stated}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Settings that must all hold for a failure to occur; where `spares` is True, with them it cannot."""

    settings: tuple[tuple[str, Wanted], ...]
    spares: bool
    only_vllm: bool
    where: tuple[Condition, ...]
    fix: tuple[tuple[str, str], ...]
    stated: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read(value: Any, place: str) -> tuple[str | Case, ...]:
    """Return what `launch` of an entry holds."""
    entries = value if isinstance(value, list) else [value]
    return tuple(_entry(each, place) for each in entries)


def _entry(value: Any, place: str) -> str | Case:
    if isinstance(value, str):
        return value
    if not isinstance(value, Row):
        raise DataError(f"{place}: the key 'launch' must hold texts and mappings.")
    value.only({"settings", "unless", "rollout", "where", "fix"})
    if ("settings" in value) == ("unless" in value):
        raise DataError(f"{value.place}: either `settings` or `unless` is needed here.")
    if value.get("rollout", "vllm") != "vllm":
        raise DataError(f"{value.place}: the key 'rollout' can hold vllm only.")
    key = "settings" if "settings" in value else "unless"
    return Case(
        settings=tuple((name, _wanted(wanted, value.place)) for name, wanted in value.pairs(key).items()),
        spares=key == "unless",
        only_vllm="rollout" in value,
        where=conditions(value.get("where", []), value.place),
        fix=tuple(value.pairs("fix").items()),
        stated=value,
    )


def _wanted(stated: str, place: str) -> Wanted:
    if not stated:
        raise DataError(f"{place}: a setting must be compared with something.")
    return Wanted(stated)


def cases(entries: Sequence[str | Case]) -> tuple[Case, ...]:
    """Return what can be judged."""
    return tuple(each for each in entries if isinstance(each, Case))
