"""Which verl goes with which vLLM, with the place of this node."""

from __future__ import annotations

from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.grid import Grid, State, grid, row_of, series_of, state_of
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Unavailable
from verl_doctor.report.html.markup import Markup, section, tag

_WORDS: Final[dict[State, str]] = {
    "recommended": "a recommended stack",
    "fits": "accepted by this verl",
    "breaks": "does not fit",
    "unknown": "not known",
}


_SERIES: Final = "A series of vLLM is shown as the best of its releases."


def section_of(facts: Facts, matrix: Matrix) -> Markup:
    """Return the matrix with its legend and one sentence about this node."""
    drawn = grid(matrix)
    verl, vllm = _version(facts, "verl"), _version(facts, "vllm")
    row = row_of(drawn, verl) if verl else None
    column = series_of(vllm) if vllm else None
    here = state_of(matrix, verl, vllm) if verl and vllm else None
    return section(
        "verl and vLLM",
        tag("p", _sentence(verl, vllm, here), class_="lead"),
        tag("div", _table(drawn, row, column if column in drawn.columns else None, here), class_="matrix"),
        _legend(row is not None or column is not None),
    )


def _version(facts: Facts, name: str) -> str | None:
    installed = None if isinstance(facts.packages, Unavailable) else facts.packages.get(name)
    return installed.version if installed else None


def _sentence(verl: str | None, vllm: str | None, here: State | None) -> str:
    if here is None:
        there = [f"{name} {version}" for name, version in (("verl", verl), ("vLLM", vllm)) if version]
        marked = "row" if verl else "column"
        alone = f"Of the two only {there[0]} is installed here; its {marked} is marked." if there else None
        return f"{alone or 'Neither is installed here.'} {_SERIES}"
    return f"verl {verl} with vLLM {vllm}, which this node has: {_WORDS[here]}. {_SERIES}"


def _table(drawn: Grid, row: str | None, column: str | None, here: State | None) -> Markup:
    head = tag(
        "tr",
        tag("th", tag("span", "verl \\ vLLM", class_="corner"), scope="col"),
        [tag("th", tag("span", name), scope="col", class_="own" if name == column else None) for name in drawn.columns],
    )
    body = [_row(drawn, name, row, column, here) for name in drawn.rows]
    caption = tag("caption", "verl releases by vLLM series", class_="unseen")
    return tag("table", caption, tag("thead", head), tag("tbody", body))


def _row(drawn: Grid, name: str, row: str | None, column: str | None, here: State | None) -> Markup:
    cells = []
    for each in drawn.columns:
        is_here = name == row and each == column
        state = here if is_here and here else drawn.states[name, each]
        on_line = (name == row) != (each == column) and (row is None or column is None)
        kind = f"{state}{' here' if is_here else ''}{' line' if on_line else ''}"
        words = f"verl {name}, vLLM {each}: {_WORDS[state]}{', this node' if is_here else ''}"
        cells.append(tag("td", tag("span", words, class_="unseen"), class_=kind, title=words))
    return tag("tr", tag("th", name, scope="row", class_="own" if name == row else None), cells)


def _legend(is_marked: bool) -> Markup:
    items = [tag("li", tag("i", class_=state), words) for state, words in _WORDS.items()]
    items += [tag("li", tag("i", class_="here"), "this node")] if is_marked else []
    return tag("ul", items, class_="legend")
