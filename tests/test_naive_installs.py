"""What `pip install "verl[vllm]==X"` and `uv pip install` gave on 2026-11-21, and what is wrong with it.

The table is a measured one (resolution with uv 0.13.8 and pip 26.3; causes from sources and small runs): each row's
versions get the row's verdict, and every cause that versions can tell of is found.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from packaging.version import Version

from tests.facts_of import distribution, facts_of
from verl_doctor.cure import after
from verl_doctor.examine import examine, failed
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.load import load
from verl_doctor.model import Failed, Severity, Verdict

NAMES = ("verl", "vllm", "torch", "tensordict", "transformers", "ray", "numpy", "pyarrow")
CAUSES = {
    "GATE": "vllm-removed-by-verl",
    "TF5": "transformers5-vllm011",
    "V2S": "transformers5-vision2seq",
    "PA26": "pyarrow26-numpy1",
    "LEAK": "v0-n-gt1-leak",
    "ASYNC": "sync-only",
    "TD": "tensordict-below-verl-pin",
    "NEW": "newer-than-verl",
    "FA": "flash-attn-not-installed",
    "FA by default": "flash-attn-by-default",
}
VERDICTS = {
    "broken": {Verdict.BROKEN},
    "usable": {Verdict.DEGRADED},
    "untested": {Verdict.DEGRADED},
}
TABLE = Path(__file__).with_name("data") / "naive_installs.csv"
ROWS = list(csv.DictReader(TABLE.read_text().splitlines()))


def installed(name: str, version: str) -> Distribution:
    """The distribution with the requirements that its metadata publishes for the table's columns."""
    release = load().release(name, version)
    if release is None:
        return distribution(name, version)
    requires = tuple(f"{key}{specifier}" for key, specifier in release.requires.items() if key in NAMES)
    return distribution(name, version, requires=requires, requires_python=release.python)


def facts_before(row: dict[str, str], lacking: str = "", **others: str) -> Facts:
    """The facts of a row, where one of its distributions may be lacking; no row has flash-attn."""
    packages = {name: installed(name, row[name]) for name in NAMES if name != lacking}
    return facts_of({"flash-attn": "", **packages, **others}, python=f"{row['python']}.3")


def facts_after(row: dict[str, str], lacking: str = "") -> Facts:
    """The facts of a row after the cure of the primary cause, and so on, as long as one cures something."""
    facts = facts_before(row, lacking)
    while (primary := examine(facts, load()).primary) and primary.severity is Severity.ERROR:
        assert isinstance(primary.outcome, Failed)
        cured = after(primary.outcome.findings[0].remedy, facts, load())
        assert cured != facts
        facts = cured
    return facts


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['verl']}-{row['tool']}-{row['python']}")
@pytest.mark.parametrize("lacking", ["", "tensordict", "ray"])
def test_following_the_cures_leaves_no_error(row: dict[str, str], lacking: str) -> None:
    report = examine(facts_after(row, lacking), load())
    assert report.verdict in {Verdict.HEALTHY, Verdict.DEGRADED}
    assert not [result.name for result in report.results if failed(result) and result.severity is Severity.ERROR]


@pytest.mark.parametrize("name", ["vllm-removed-by-verl", "vllm-untested-with-verl"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['verl']}-{row['tool']}-{row['python']}")
def test_one_cure_of_a_wrong_vllm_is_enough(row: dict[str, str], name: str) -> None:
    broken = {**row, "vllm": "0.6.6" if name == "vllm-removed-by-verl" else "0.15.0"}
    facts = facts_before(broken, lacking="tensordict", **{"flash-attn": "2.7.4.post1"})
    result = next(result for result in examine(facts, load()).results if result.name == name)
    if not isinstance(result.outcome, Failed):
        pytest.skip("this verl takes that vLLM, or something more precise is known")
    (finding,) = result.outcome.findings
    assert f"'tensordict=={dict(finding.remedy.pins)['tensordict']}'" in finding.remedy.commands[0]
    after_it = examine(after(finding.remedy, facts, load()), load())
    assert not [r.name for r in after_it.results if failed(r) and r.severity is Severity.ERROR]


def _codes(row: dict[str, str]) -> list[str]:
    """What is wrong with a row; from verl 0.6.1 on flash-attn is needed by default only."""
    by_default = Version(row["verl"]) >= Version("0.6.1")
    return ["FA by default" if code == "FA" and by_default else code for code in row["causes"].split()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['verl']}-{row['tool']}-{row['python']}")
def test_verdict_and_causes(row: dict[str, str]) -> None:
    report = examine(facts_before(row), load())
    found = {result.name for result in report.results if isinstance(result.outcome, Failed)}
    assert report.verdict in VERDICTS[row["result"]]
    assert {CAUSES[code] for code in _codes(row) if code in CAUSES} <= found
    if row["result"] == "broken":
        assert report.primary is not None
        assert report.primary.name in CAUSES.values()
