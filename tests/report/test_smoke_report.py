"""The report of a smoke test: text, and JSON as the schema has it; also that of the runs that are kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.report.schemas import follows
from verl_doctor.facts.patches import PatchState, State
from verl_doctor.report import smoke_report
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.results import Outcome, ProbeResult
from verl_doctor.smoke.sessions import Device, Level
from verl_doctor.target import Target

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "schemas/smoke-test.json").read_text())
KEPT = sorted((DOCS / "gpu-results").glob("[tv]*.json"))
TARGET = Target(python="/env/bin/python", prefix="/env", version="3.12.3", kind="venv", search_path=())
LEAK = "v0-n-gt1-leak"


def result(name: str, outcome: Outcome = "passed", reason: str | None = None, **measurements: Any) -> ProbeResult:
    return ProbeResult(name=name, outcome=outcome, measurements=measurements, reason=reason)


def smoke_test(*results: ProbeResult, leak: State = "absent", device: Device = Device.CUDA) -> SmokeTest:
    state = PatchState(id="VDP004", distribution="vllm", version="0.7.2", file="vllm/engine/llm_engine.py", state=leak)
    return SmokeTest(level=Level.QUICK, device=device, results=results, patches={LEAK: state}, seconds=61.0)


def summary(test: SmokeTest) -> str:
    return smoke_report.summary(test, TARGET)


LEAKS = result("sampling", "failed", "after each round of 32 samples 965 more objects stay")
TESTS = [
    pytest.param(smoke_test(result("rollout")), id="healthy"),
    pytest.param(smoke_test(result("rollout"), result("sleep", "skipped", "not here")), id="one skipped"),
    pytest.param(smoke_test(LEAKS, leak="applicable"), id="a patch is missing"),
    pytest.param(smoke_test(LEAKS, leak="applied"), id="a patch does not help"),
    pytest.param(smoke_test(), id="nothing"),
    pytest.param(
        smoke_test(result("throughput", tokens_per_second=2.0), result("eager-throughput", tokens_per_second=1.0)),
        id="bench",
    ),
]


@pytest.mark.parametrize("test", TESTS)
def test_json_is_as_the_schema_has_it(test: SmokeTest) -> None:
    document = json.loads(smoke_report.render(test, TARGET))
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == test.exit_code


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_kept_runs_are_as_the_schema_has_it(file: Path) -> None:
    follows(json.loads(file.read_text()), "preflight" if "preflight" in file.name else "smoke-test")


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_kept_runs_do_not_say_where_the_doctor_lay(file: Path) -> None:
    assert not re.search(r'File \\?"/(?!tmp/)[^"]*/verl_doctor/', file.read_text())


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        pytest.param(
            smoke_test(result("rollout"), result("sleep", "skipped", "not here")),
            "HEALTHY  verl's rollouts work on this node: every probe that could run passed (1 of 2). (61 s)",
            id="healthy",
        ),
        pytest.param(
            smoke_test(result("rollout"), device=Device.CPU),
            "HEALTHY  The installed vLLM answers right on this node's CPU; what needs a GPU was not tried. (61 s)",
            id="cpu",
        ),
        pytest.param(
            smoke_test(result("rollout"), LEAKS),
            "BROKEN  verl's rollouts do not work here as it is: 1 of 2 probes failed, first sampling. (61 s)",
            id="broken",
        ),
        pytest.param(
            smoke_test(result("rollout", "skipped", "no")),
            "UNKNOWN  Whether verl's rollouts work on this node was not seen: no rollout could be tried. (61 s)",
            id="unknown",
        ),
    ],
)
def test_the_last_line_is_one_sentence(test: SmokeTest, sentence: str) -> None:
    assert summary(test).splitlines()[-1] == sentence


def test_a_missing_patch_is_named_with_the_command_that_applies_it() -> None:
    assert "`verl-doctor patch --apply VDP004 --python /env/bin/python`" in summary(
        smoke_test(LEAKS, leak="applicable")
    )
    assert "--apply" not in summary(smoke_test(LEAKS, leak="applied"))
    assert "--apply" not in summary(smoke_test(result("sampling"), leak="applicable"))


@pytest.mark.parametrize(
    ("sampling", "effect"),
    [
        pytest.param(result("sampling"), "proved", id="passed"),
        pytest.param(LEAKS, "refuted", id="failed"),
        pytest.param(result("sampling", "skipped", "no"), "not tried", id="skipped"),
    ],
)
def test_what_is_said_of_an_applied_patch(sampling: ProbeResult, effect: str) -> None:
    text = summary(smoke_test(sampling, leak="applied"))
    assert f"Patch VDP004 {LEAK} is applied; its effect is {effect}." in text


def test_gains_are_told() -> None:
    test = smoke_test(
        result("throughput", tokens_per_second=700.0), result("eager-throughput", tokens_per_second=500.0)
    )
    assert "A batch makes 700.0 tokens a second with CUDA graphs and 500.0 without: 1.4 times." in summary(test)


def test_the_line_of_a_probe() -> None:
    assert (
        smoke_report.line(result("sleep", "skipped", "sleep mode needs a GPU")).splitlines()[1].strip()
        == "sleep mode needs a GPU"
    )


@pytest.mark.parametrize(("is_own", "said"), [(False, "the known answers"), (True, "the model's own forward pass")])
def test_what_the_answers_are_held_against(is_own: bool, said: str) -> None:
    for name in ("rollout", "eager-rollout"):
        assert said in smoke_report.line(result(name), is_own=is_own)
    assert "torch and vLLM can be imported" in smoke_report.line(result("import-vllm"), is_own=is_own)
