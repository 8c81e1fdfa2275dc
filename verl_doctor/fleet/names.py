"""Many nodes in few words: node[003-007,012], as Slurm writes them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

_NUMBERED: Final = re.compile(r"(?s)(.*?)(\d+)(\D*)")
_MOST: Final = 8
"""How many names and ranges are told; a list that is longer is for a program."""
_LONGEST: Final = 18
"""Longer numbers are no counts but digests."""


def fold(names: Iterable[str]) -> str:
    """Return names with their numbers as ranges, sorted; of very many the first."""
    series: dict[tuple[str, int, str], set[int]] = {}
    plain = []
    for name in names:
        if (parts := _parts(name)) is None:
            plain.append(name)
            continue
        prefix, number, suffix = parts
        width = len(number) if number.startswith("0") or len(number) > 1 else 1
        series.setdefault((prefix, width, suffix), set()).add(int(number))
    _join_unpadded(series)
    folded = [_series(*key, numbers) for key, numbers in series.items()]
    told = [*sorted(folded), *sorted(plain)]
    return ", ".join(told[:_MOST]) + (f" and {len(told) - _MOST} more such" if len(told) > _MOST else "")


def count(number: int) -> str:
    """Return a number of nodes in words."""
    return f"{number} node{'s' if number != 1 else ''}"


def on(names: Sequence[str], of: int) -> str:
    """Return on which of so many nodes something is, in words."""
    if len(names) == of:
        return "on every node" if of > 1 else f"on {names[0]}"
    return f"on {len(names)} of {count(of)} ({fold(names)})"


def _parts(name: str) -> tuple[str, str, str] | None:
    """Return what stands before a name's last number, that number, and what follows.

    Of a name with a domain it is the last number of the host's own; of an address its last.
    """
    host, dot, domain = name.partition(".")
    if not host.isdigit():
        found = _NUMBERED.fullmatch(host)
        end = dot + domain
    else:
        found, end = _NUMBERED.fullmatch(name), ""
    if found is None:
        return None
    *_, last = re.finditer(r"\d+", found.string)
    if len(last.group()) > _LONGEST or not last.group().isascii():
        return None
    return found.string[: last.start()], last.group(), found.string[last.end() :] + end


def _join_unpadded(series: dict[tuple[str, int, str], set[int]]) -> None:
    """Join numbers of several lengths, none of which begins with a zero: 9 and 10 are one series."""
    for prefix, width, suffix in sorted(series):
        first = prefix, 1, suffix
        mine = series[prefix, width, suffix]
        if width > 1 and first in series and min(mine) >= 10 ** (width - 1):
            series[first] |= series.pop((prefix, width, suffix))


def _series(prefix: str, width: int, suffix: str, numbers: Collection[int]) -> str:
    ranges = list(_ranges(sorted(numbers), width))
    inner = ",".join(ranges)
    return f"{prefix}{inner}{suffix}" if len(numbers) == 1 else f"{prefix}[{inner}]{suffix}"


def _ranges(numbers: list[int], width: int) -> Iterator[str]:
    """Yield the runs of numbers that follow each other."""
    start = 0
    for index, number in enumerate(numbers):
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            first, last = (f"{each:0{width}}" for each in (numbers[start], number))
            yield first if first == last else f"{first}-{last}"
            start = index + 1
