"""The terms of a policy: what TOML holds, as types; each refusal names the key."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from verl_doctor.facts.packages import normalise
from verl_doctor.matrix.specifiers import specifiers_of
from verl_doctor.model import Ruling, Severity
from verl_doctor.preflight.policy import Expectations, Level, Policy

_T = TypeVar("_T")
_KINDS: Final = {str: "a text", int: "a whole number", bool: "true or false", float: "a number"}
_IGNORE: Final = "ignore"
_MOST_SHOWN: Final = 200
_MOST_GPUS: Final = 1024
_LONGEST: Final = 10**9
"""Seconds, some thirty years."""


class WrongTermError(Exception):
    """A term that cannot be understood: the sentence about it, without a full stop, and the keys that lead to it."""

    def __init__(self, message: str, path: tuple[str, ...]) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The tables of a policy; `folder` is what relative paths in it start from, `origin` how its file is called."""

    content: Mapping[str, Any]
    folder: Path
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A table, the keys that lead to it, and access to what it holds."""

    content: Mapping[str, Any]
    path: tuple[str, ...] = ()

    def only(self, *known: str) -> _Table:
        for key in self.content:
            if key not in known:
                raise self.wrong(f"{key!r} is not known here{_nearest(key, known)}", key)
        return self

    def get(self, key: str, kind: type[_T]) -> _T | None:
        value = self.content.get(key)
        if value is None or type(value) is kind:
            return value
        raise self.wrong(f"{key!r} must be {_KINDS[kind]}, not {_shown(value)}", key)

    def one_of(self, key: str, known: Collection[str]) -> str | None:
        value = self.get(key, str)
        if value is not None and value not in known:
            raise self.wrong(f"{key!r} must be one of {', '.join(known)}, not {_shown(value)}", key)
        return value

    def table(self, key: str) -> _Table:
        value = self.content.get(key, {})
        if not isinstance(value, Mapping):
            raise self.wrong(f"{key!r} must be a table", key)
        return _Table(content=value, path=(*self.path, key))

    def wrong(self, message: str, *keys: str) -> WrongTermError:
        return WrongTermError(message, (*self.path, *keys))


def policy(document: Document) -> Policy:
    """Return a policy. Raises WrongTermError for the first term that cannot be understood."""
    whole = _Table(content=document.content).only("fail-on", "checks", "expect", "smoke-test", "patches")
    fail_on = whole.one_of("fail-on", [severity.value for severity in Severity])
    smoke = whole.table("smoke-test").only("level", "device", "deadline", "model")
    patches = whole.table("patches").only("apply", "required")
    model = smoke.get("model", str)
    return Policy(
        origin=document.origin,
        fail_on=Severity(fail_on) if fail_on else None,
        rulings=dict(_rulings(whole.table("checks"))),
        expect=_expectations(whole.table("expect").only("gpus", "gpu", "driver", "versions")),
        level=smoke.one_of("level", get_args(Level)),  # type: ignore[arg-type] # one of these
        device=smoke.one_of("device", ("cuda", "cpu")),  # type: ignore[arg-type] # one of these
        deadline=_deadline(smoke),
        model=document.folder / model if model else None,
        apply=patches.get("apply", bool) or False,
        patches=tuple(_required(patches)),
    )


def _rulings(checks: _Table) -> Iterator[tuple[str, Ruling]]:
    from verl_doctor.examine import CHECKS_LISTED, questions

    if not checks.content:
        return
    by_key = {key: question for question in questions() for key in (question.id, question.name)}
    seen: dict[str, str] = {}
    for key in checks.content:
        question = by_key.get(key)
        if question is None:
            names = [question.name for question in by_key.values()]
            raise checks.wrong(f"no check is called {key!r}{_nearest(key, names)}; {CHECKS_LISTED}", key)
        if question.name in seen:
            raise checks.wrong(f"{seen[question.name]!r} and {key!r} are the same check", key)
        seen[question.name] = key
        yield question.name, _ruling(checks.table(key), question.severity)


def _ruling(table: _Table, usual: Severity) -> Ruling:
    table.only("severity", "reason", "expires")
    said = table.one_of("severity", [*(severity.value for severity in Severity), _IGNORE])
    if said is None:
        raise table.wrong("'severity' is missing: error, warning, info or ignore")
    severity = None if said == _IGNORE else Severity(said)
    reason = table.get("reason", str)
    is_milder = severity is None or severity.rank > usual.rank
    if is_milder and not (reason and reason.strip()):
        raise table.wrong(
            f"{said!r} is milder than the check's own {usual.value!r}, which needs a 'reason'", "severity"
        )
    return Ruling(severity=severity, reason=reason, expires=_day(table, "expires"))


def _day(table: _Table, key: str) -> date | None:
    value = table.content.get(key)
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise table.wrong(f"{key!r} must be a day such as 2027-01-31, not {_shown(value)}", key) from None
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise table.wrong(f"{key!r} must be a day such as 2027-01-31, not {value!s}", key)


def _expectations(table: _Table) -> Expectations:
    gpus = table.get("gpus", int)
    if gpus is not None and not 0 <= gpus <= _MOST_GPUS:
        said = "must not be negative" if gpus < 0 else f"must not be above {_MOST_GPUS}"
        raise table.wrong(f"'gpus' {said}, as {_shown(gpus)} is", "gpus")
    versions = table.table("versions")
    return Expectations(
        gpus=gpus,
        gpu=_filled(table, "gpu"),
        driver=_specifier(table, "driver"),
        versions=tuple((normalise(name), _specifier(versions, name) or "") for name in versions.content),
    )


def _filled(table: _Table, key: str) -> str | None:
    value = table.get(key, str)
    if value is not None and not value.strip():
        raise table.wrong(f"{key!r} is empty", key)
    return value


def _specifier(table: _Table, key: str) -> str | None:
    value = _filled(table, key)
    if value is not None and specifiers_of(value) is None:
        raise table.wrong(f"{key!r} must be a version specifier such as '==0.5.*' or '>=550', not {_shown(value)}", key)
    return value


def _deadline(table: _Table) -> float | None:
    value = table.content.get("deadline")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST:
        raise table.wrong(
            f"'deadline' must be a number of seconds above 0 and at most {_LONGEST}, not {_shown(value)}", "deadline"
        )
    return float(value)


def _required(table: _Table) -> Iterator[str]:
    from verl_doctor.patching.catalogue import everything

    names = table.content.get("required", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise table.wrong("'required' must be a list of names of patches", "required")
    if not names:
        return
    by_key = {key.casefold(): patch.name for patch in everything().patches for key in (patch.id, patch.name)}
    for name in names:
        if name.casefold() not in by_key:
            raise table.wrong(f"no patch is called {name!r}{_nearest(name, list(by_key.values()))}", "required")
    yield from dict.fromkeys(by_key[name.casefold()] for name in names)


def _nearest(word: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; {found[0]!r} is near it" if found else ""


def _shown(value: object) -> str:
    """Return a value as it is told; a number with more digits than Python writes by its size."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
