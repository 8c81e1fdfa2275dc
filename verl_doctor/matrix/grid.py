"""Which verl goes with which vLLM, as a grid to draw: verl releases by vLLM series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.rows import Window
from verl_doctor.matrix.specifiers import satisfies, version_of

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
    windows = [window for window in reversed(matrix.windows()) if not _is_dev(window.verl)]
    pairs = _recommended(matrix)
    states = {
        (window.verl, name): min((_state(window, vllm, pairs) for vllm in releases), key=_BEST_FIRST.index)
        for window in windows
        for name, releases in series.items()
    }
    return Grid(rows=tuple(window.verl for window in windows), columns=tuple(series), states=states)


def state_of(matrix: Matrix, verl: str, vllm: str) -> State:
    """Return what is known of two releases together."""
    window = matrix.window(verl)
    is_known = window is not None and matrix.known("vllm", vllm)
    return _state(window, vllm, _recommended(matrix)) if window and is_known else "unknown"


def series_of(version: str) -> str | None:
    """Return the series of a release: 0.8 of 0.8.5.post1."""
    parsed = version_of(version)
    return f"{parsed.major}.{parsed.minor}" if parsed else None


def row_of(grid: Grid, verl: str) -> str | None:
    """Return the row of an installed verl, None for a release that has none."""
    return next((row for row in grid.rows if satisfies(verl, f"=={row}")), None)


def _state(window: Window, vllm: str, pairs: Sequence[tuple[str, str]]) -> State:
    if any(satisfies(window.verl, f"=={verl}") and satisfies(vllm, f"=={pinned}") for verl, pinned in pairs):
        return "recommended"
    return "fits" if satisfies(vllm, window.usable) else "breaks"


def _recommended(matrix: Matrix) -> list[tuple[str, str]]:
    return [(stack.pins["verl"], stack.pins["vllm"]) for stack in matrix.stacks()]


def _is_dev(version: str) -> bool:
    parsed = version_of(version)
    return parsed is None or parsed.is_prerelease
