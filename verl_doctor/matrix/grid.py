"""Which verl goes with which vLLM, as a grid to draw: verl releases by vLLM series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.rows import Window
from verl_doctor.matrix.specifiers import satisfies, version_of
from verl_doctor.matrix.stacks import parsed

State = Literal["recommended", "fits", "breaks", "unknown"]
_BEST_FIRST: Final[tuple[State, ...]] = ("recommended", "fits", "breaks", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Releases of verl, the newest first, by series of vLLM ("0.8"), the oldest first, and what is known of each pair.

    A series is as good as the best of its releases.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    states: Mapping[tuple[str, str], State]


def grid(matrix: Matrix) -> Grid:
    """Return the grid of all releases that the matrix knows."""
    series: dict[str, list[str]] = {}
    for release in matrix.releases("vllm"):
        if name := series_of(release):
            series.setdefault(name, []).append(release)
    pairs = _recommended(matrix)
    named = {window.verl for window in matrix.windows()} | {verl for verl, _ in pairs}
    rows = sorted((verl for verl in named if not _is_dev(verl)), key=parsed, reverse=True)
    windows = {verl: matrix.window(verl) for verl in rows}
    states = {
        (verl, name): min((_state(verl, windows[verl], vllm, pairs) for vllm in releases), key=_BEST_FIRST.index)
        for verl in rows
        for name, releases in series.items()
    }
    return Grid(rows=tuple(rows), columns=tuple(series), states=states)


def state_of(matrix: Matrix, verl: str, vllm: str) -> State:
    """Return what is known of two releases together."""
    window = matrix.window(verl) if matrix.known("vllm", vllm) else None
    return _state(verl, window, vllm, _recommended(matrix))


def series_of(version: str) -> str | None:
    """Return the series of a release: 0.8 of 0.8.5.post1."""
    known = version_of(version)
    return f"{known.major}.{known.minor}" if known else None


def row_of(grid: Grid, verl: str) -> str | None:
    """Return the row of an installed verl, None for a release that has none."""
    return next((row for row in grid.rows if satisfies(verl, f"=={row}")), None)


def _state(verl: str, window: Window | None, vllm: str, pairs: Sequence[tuple[str, str]]) -> State:
    if any(satisfies(verl, f"=={ours}") and satisfies(vllm, f"=={theirs}") for ours, theirs in pairs):
        return "recommended"
    if window is None:
        return "unknown"
    return "fits" if satisfies(vllm, window.usable) else "breaks"


def _recommended(matrix: Matrix) -> list[tuple[str, str]]:
    return [(stack.pins["verl"], stack.pins["vllm"]) for stack in matrix.stacks()]


def _is_dev(version: str) -> bool:
    known = version_of(version)
    return known is None or known.is_prerelease
