"""Ranges of releases, as the tables hold them: numbers in a list of releases, the oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from verl_doctor.matrix.specifiers import release, version_of


def number(releases: Sequence[str], version: str) -> int | None:
    """Return which of the releases a version is; None where it is none of them (newer, older, a snapshot)."""
    if version in releases:
        return releases.index(version)
    wanted = version_of(release(version))
    return next((at for at, known in enumerate(releases) if version_of(known) == wanted), None)


def merged(ranges: Iterable[Sequence[int]]) -> list[tuple[int, int]]:
    """Return ranges with those joined that touch or overlap."""
    found: list[tuple[int, int]] = []
    for first, last in sorted((row[0], row[1]) for row in ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def said(distribution: str, releases: Sequence[str], ranges: Sequence[tuple[int, int]]) -> str:
    """Say which releases these are: "vLLM 0.8.0 to 0.10.0", "verl 0.6.0 and newer"."""
    newest = len(releases) - 1

    def one(first: int, last: int) -> str:
        if last == newest:
            return f"{releases[first]} and newer" if first else "every release"
        if first == 0:
            return f"{releases[last]} and older"
        return releases[first] if first == last else f"{releases[first]} to {releases[last]}"

    return f"{distribution} " + ", ".join(one(first, last) for first, last in ranges)
