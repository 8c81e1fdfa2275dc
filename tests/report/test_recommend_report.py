"""A recommendation as text and as JSON: the same data, folded to the console."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from tests.facts_of import facts_of
from verl_doctor.matrix.load import load
from verl_doctor.matrix.machine import Machine
from verl_doctor.recommend.recommend import Recommendation, recommend
from verl_doctor.recommend.wish import read
from verl_doctor.report import recommend_json
from verl_doctor.report.console import console
from verl_doctor.report.recommend_report import render

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/recommend.json").read_text())
H200 = Machine(driver="580.159.04", gpus=(("H200", "9.0"),), python="3.12.3", processor="x86_64", glibc="2.39")
CASES = [
    pytest.param(H200, {}, id="a node"),
    pytest.param(Machine(), {"verl": "0.5"}, id="a wish alone"),
    pytest.param(Machine(cuda="12.4", gpus=H200.gpus), {"verl": "0.4", "vllm": "0.7.3"}, id="a wrong wish"),
    pytest.param(Machine(driver="470.82.01"), {}, id="nothing fits"),
    pytest.param(H200, {"verl": "0.99"}, id="an unknown release"),
    pytest.param(Machine(python="3.14"), {}, id="another Python"),
    pytest.param(Machine(gpus=(("B200", "10.0"),)), {"verl": "0.5"}, id="another one instead"),
]


def advice(machine: Machine, asked: dict[str, str]) -> Recommendation:
    return recommend(machine, read(asked, load()), load())


def printed(recommendation: Recommendation, width: int) -> list[str]:
    out = io.StringIO()
    render(recommendation, Console(file=out, width=width, highlight=False))
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("machine", "asked"), CASES)
def test_json(machine: Machine, asked: dict[str, str]) -> None:
    found = advice(machine, asked)
    document: dict[str, Any] = json.loads(recommend_json.render(facts_of().target, found, int(not found.stacks)))
    jsonschema.validate(document, SCHEMA)
    assert [stack["name"] for stack in document["stacks"]] == [each.stack.name for each in found.stacks]
    assert [stack["rank"] for stack in document["stacks"]] == list(range(1, len(found.stacks) + 1))


@pytest.mark.parametrize(("machine", "asked"), CASES)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_text_is_folded_and_whole(machine: Machine, asked: dict[str, str], width: int) -> None:
    found = advice(machine, asked)
    lines = printed(found, width)
    words = " ".join(" ".join(lines).split())
    for each in found.stacks:
        assert each.stack.name in words
    for unfit in found.unfit:
        assert all(reason in words for reason in unfit.reasons)
    exact = ("    ", "Install this", "Without what")
    assert [line for line in lines if len(line) > max(width, 52) and not line.startswith(exact)] == []


def test_a_pipe_is_not_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console(io.StringIO()).width > 10_000
    monkeypatch.setenv("COLUMNS", "72")
    assert console(io.StringIO()).width == 72
