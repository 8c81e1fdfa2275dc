"""Facts that nobody scanned: the versions that a user, or a log, told of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from verl_doctor.facts.packages import Distribution, Partial, normalise
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import NOT_ASKED, Unavailable
from verl_doctor.target import Target


def stated(versions: Mapping[str, str], reason: str) -> Facts:
    """Return facts of which only the versions of these distributions are known; `reason` says why no others are."""
    known: dict[str, Any] = {field.name: Unavailable(reason) for field in fields(Facts)}
    known["expected"] = NOT_ASKED
    known["target"] = Target(python=None, prefix=reason, version=None, kind="folder", search_path=())
    known["packages"] = Partial(
        (normalise(name), Distribution(name=name, version=version, location=reason, metadata=""))
        for name, version in versions.items()
    )
    return Facts(**known)
