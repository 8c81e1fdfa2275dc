"""The reports of a diagnosis."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from tests.diagnose.telling import FORKING, diagnosis_of, traceback
from verl_doctor.report.diagnose_json import render as render_json
from verl_doctor.report.diagnose_text import render

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/diagnose.json").read_text())
LOGS = sorted((Path(__file__).parents[1] / "data/logs").glob("*.log"))
DIED = "(W pid=1) ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.\n"
WARNING = "WARNING 05-12 10:11:12 [x.py:1] Setting the sleep level to 1 may cause a memory overflow\n"


def lines(*texts: str, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    render(diagnosis_of(*texts), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_the_cause_then_what_followed_then_the_rest() -> None:
    found = lines(traceback(FORKING) + DIED + WARNING)
    headings = [line for line in found if line in {"The cause", "What only followed", "Also seen"}]
    assert headings == ["The cause", "What only followed", "Also seen"]
    assert "    log0:4" in found
    assert "    log0:5  (W pid=1)" in found


def test_how_often_and_by_how_many() -> None:
    text = "".join(f"(W pid={pid}) {line}\n" for pid in (1, 2) for line in traceback(FORKING).splitlines())
    assert "    log0:4, 2 times by 2 processes" in lines(text)


def test_what_was_survived() -> None:
    steps = "".join(f"step:{step} - loss:0.1\n" for step in range(3))
    found = lines(traceback(FORKING) + steps)
    assert found[2].startswith("NOTHING")
    assert "Survived: the job went on, or was started again" in found


def test_what_nobody_knows() -> None:
    found = lines(traceback("KeyError: 'answer'", "/home/u/reward.py", "score"))
    assert found[2] == "UNKNOWN  The job failed, of no failure that is known here."
    assert "    The last call in code of your own: /home/u/reward.py, line 3, in score." in found


def test_many_logs() -> None:
    assert lines(*["fine\n"] * 5)[0].endswith("log0, log1, log2 and 2 more")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_only_lines_of_the_log_and_commands_are_longer_than_the_console(width: int) -> None:
    long = [line for line in lines(traceback(FORKING) + WARNING, width=width) if len(line) > width]
    assert all(
        line.startswith(("      > ", "      pip ")) or line.lstrip().startswith(("log0", "sleep", "tensordict"))
        for line in long
    )


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_text_and_json_agree_on_every_log(log: Path) -> None:
    found = diagnosis_of(log.read_bytes().decode("utf-8", "replace"))
    report = json.loads(render_json(found, int(found.has_failed)))
    jsonschema.validate(report, SCHEMA)
    console = Console(file=io.StringIO(), width=100, highlight=False)
    render(found, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert all(match["name"] in text for match in report["matches"])
    assert any(word in text for word in ("FOUND", "LIKELY", "POSSIBLY")) is (report["primary"] is not None)
