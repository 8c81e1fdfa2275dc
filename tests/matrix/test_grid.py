"""The grid to draw is what the matrix says of each pair."""

from __future__ import annotations

import pytest

from verl_doctor.matrix.grid import State, grid, row_of, series_of, state_of
from verl_doctor.matrix.load import load
from verl_doctor.matrix.specifiers import satisfies

MATRIX = load()
GRID = grid(MATRIX)


def test_every_cell_is_known_and_no_row_is_a_development_release() -> None:
    assert set(GRID.states) == {(row, column) for row in GRID.rows for column in GRID.columns}
    assert not [row for row in GRID.rows if "dev" in row]
    assert GRID.rows[0] == MATRIX.releases("verl")[-1]


@pytest.mark.parametrize("stack", MATRIX.stacks(), ids=lambda stack: stack.name)
def test_every_stack_is_recommended(stack: object) -> None:
    pins = stack.pins  # type: ignore[attr-defined] # a stack
    row, column = row_of(GRID, pins["verl"]), series_of(pins["vllm"])
    assert row is not None
    assert column is not None
    assert GRID.states[row, column] == "recommended"
    assert state_of(MATRIX, pins["verl"], pins["vllm"]) == "recommended"


@pytest.mark.parametrize("window", MATRIX.windows(), ids=lambda window: window.verl)
def test_a_cell_fits_where_one_of_its_releases_does(window: object) -> None:
    verl, usable = window.verl, window.usable  # type: ignore[attr-defined] # a window
    for column in GRID.columns if verl in GRID.rows else ():
        releases = [version for version in MATRIX.releases("vllm") if series_of(version) == column]
        fits = any(satisfies(version, usable) for version in releases)
        assert (GRID.states[verl, column] in {"recommended", "fits"}) is fits


@pytest.mark.parametrize(
    ("verl", "vllm", "state"),
    [
        pytest.param("0.5.0", "0.9.0", "fits", id="fits"),
        pytest.param("0.5.0", "0.7.3", "breaks", id="not this one, though its series has some that fit"),
        pytest.param("0.9.1", "0.7.2", "breaks", id="too old"),
        pytest.param("0.9.1", "99.0", "unknown", id="a vLLM of tomorrow"),
        pytest.param("99.0", "0.9.0", "unknown", id="a verl of tomorrow"),
        pytest.param("what", "0.9.0", "unknown", id="no version"),
    ],
)
def test_two_releases(verl: str, vllm: str, state: State) -> None:
    assert state_of(MATRIX, verl, vllm) == state


def test_what_is_no_version_has_no_place() -> None:
    assert series_of("what") is None
    assert row_of(GRID, "what") is None
    assert row_of(GRID, "0.5.0+local") == "0.5.0"
