"""A policy as it is sent to the nodes of a cluster, which have no file of it: as JSON, on the command line there.

Nodes may have another Python than this one, so it is read with nothing but what each Python has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any, Final

from verl_doctor.errors import UsageError
from verl_doctor.model import Ruling, Severity
from verl_doctor.preflight.policy import Expectations, Policy

_LONGEST: Final = 48 * 2**10
"""Bytes; Linux takes 128 KiB as one argument, and on its way one has the policy twice, quoted once more."""


def pack(policy: Policy | None) -> str:
    """Return a policy, or that there is none, as one argument. Raises UsageError for one that is too long for that."""
    text = json.dumps(policy and asdict(policy), default=_plain)
    if policy and len(json.dumps(text)) > _LONGEST:
        raise UsageError(
            f"The policy {policy.origin} is too long to be sent to nodes, which take {_LONGEST >> 10} KiB."
        )
    return text


def _plain(value: object) -> Any:
    """Return what JSON has no word for: a day, a path, a severity."""
    return value.value if isinstance(value, Enum) else str(value)


def unpack(text: str) -> Policy | None:
    """Return what was packed. Raises UsageError for what was not."""
    try:
        sent = json.loads(text)
        return None if sent is None else _policy(sent)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise UsageError("The policy that was sent here cannot be read.") from error


def _policy(sent: Mapping[str, Any]) -> Policy:
    expect = sent["expect"]
    versions = tuple((name, specifier) for name, specifier in expect["versions"])
    read = {
        "fail_on": sent["fail_on"] and Severity(sent["fail_on"]),
        "rulings": {name: _ruling(ruling) for name, ruling in sent["rulings"].items()},
        "expect": Expectations(**{**expect, "versions": versions}),
        "model": sent["model"] and Path(sent["model"]),
        "patches": tuple(sent["patches"]),
    }
    return Policy(**{**sent, **read})


def _ruling(sent: Mapping[str, Any]) -> Ruling:
    return Ruling(
        severity=sent["severity"] and Severity(sent["severity"]),
        reason=sent["reason"],
        expires=sent["expires"] and date.fromisoformat(sent["expires"]),
    )
