"""What a team has decided: which findings count, what a node must be, how much is tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from verl_doctor.facts.expected import Expected, Lapsed
from verl_doctor.model import Ruling, Severity

Level = Literal["quick", "full", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What a node must be; None and () where nothing is said."""

    gpus: int | None = None
    gpu: str | None = None
    driver: str | None = None
    versions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy as its file has it; None where it says nothing. `rulings` are by check; `deadline` is in seconds.

    `apply` says whether a preflight applies patches, `patches` names those that must be applied where their bug is.
    """

    origin: str
    fail_on: Severity | None = None
    rulings: Mapping[str, Ruling] = field(default_factory=dict)
    expect: Expectations = field(default_factory=Expectations)
    level: Level | None = None
    device: Literal["cuda", "cpu"] | None = None
    deadline: float | None = None
    model: Path | None = None
    apply: bool = False
    patches: tuple[str, ...] = ()

    def in_force(self, today: date) -> dict[str, Ruling]:
        """Return the rulings that still hold on a day; the last day of each is one on which it does."""
        return {name: ruling for name, ruling in self.rulings.items() if not _is_over(ruling, today)}

    def expected(self, today: date) -> Expected:
        """Return what the checks of expectations ask about."""
        lapsed = tuple(
            Lapsed(
                check=name,
                severity=ruling.severity.value if ruling.severity else "ignore",
                reason=ruling.reason,
                expires=ruling.expires.isoformat(),
            )
            for name, ruling in self.rulings.items()
            if ruling.expires and _is_over(ruling, today)
        )
        return Expected(
            origin=self.origin,
            gpus=self.expect.gpus,
            gpu=self.expect.gpu,
            driver=self.expect.driver,
            versions=self.expect.versions,
            patches=self.patches,
            lapsed=lapsed,
        )


def _is_over(ruling: Ruling, today: date) -> bool:
    return ruling.expires is not None and today > ruling.expires
