"""From files to a comparison."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from verl_doctor.errors import UsageError
from verl_doctor.fleet.compare import Comparison, compare
from verl_doctor.fleet.files import Collected, Unreadable, collected
from verl_doctor.fleet.tally import Tally

_TOLD: Final = 3
TWO: Final = 2


def of_files(paths: Iterable[Path]) -> Comparison:
    """Return what differs between the nodes of these files. Raises UsageError where fewer than two can be read."""
    tally = Tally()
    taken: dict[str, int] = {}
    unreadable: dict[str, str] = {}
    for found in collected(paths):
        match found:
            case Collected(name, facts):
                taken[name] = taken.get(name, 0) + 1
                tally.add(name if taken[name] == 1 else f"{name} ({taken[name]})", facts)
            case Unreadable(origin, reason):
                unreadable[origin] = reason
    if len(tally.names) < TWO:
        raise UsageError(_too_few(len(tally.names), unreadable))
    twice = [f"{name} is the name of {many} nodes" for name, many in taken.items() if many > 1]
    return compare(tally, unreadable, twice)


def _too_few(count: int, unreadable: dict[str, str]) -> str:
    told = [f"{origin}: {reason}" for origin, reason in unreadable.items()]
    rest = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    why = f" ({'; '.join(told[:_TOLD])}{rest})" if told else ""
    return f"Two nodes at least are to be compared, and facts of {count or 'none'} could be read{why}."
