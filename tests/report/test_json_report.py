"""The JSON report follows the published schema, whatever became of the checks."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from tests.facts_of import facts_of
from verl_doctor.examine import examine
from verl_doctor.facts.driver import Driver
from verl_doctor.matrix.load import load
from verl_doctor.model import Unavailable
from verl_doctor.report.json_report import document, render

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/check.json").read_text())


def test_schema_itself() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_failed_skipped_allowed_and_consequences() -> None:
    driver = Driver(state="absent", detail="no kernel module")
    facts = facts_of({"six": "1.0"}, driver=driver, env=Unavailable("hung"))
    report = examine(facts, load(), allow=("driver-missing",))
    plain = document(report, 1)
    jsonschema.validate(plain, SCHEMA)
    by_name = {result["name"]: result for result in plain["results"]}
    assert by_name["torch-not-installed"]["primary"]
    assert by_name["vllm-not-installed"]["consequence_of"] == "torch-not-installed"
    assert by_name["driver-missing"]["allowed"]
    assert {result["reason"] for result in plain["results"] if result["outcome"] == "skipped"} >= {"hung"}
    assert json.loads(render(report, 1)) == plain
