"""An import that was seen to work outranks what only the files say; one that fails is a consequence of its cause."""

from __future__ import annotations

from typing import Any

import pytest

from tests.facts_of import distribution, facts_of
from verl_doctor.examine import Report, examine
from verl_doctor.facts.imports import Import
from verl_doctor.matrix.load import load
from verl_doctor.model import Failed, Result, Severity, Unavailable, Verdict

WORKS = Import(outcome="works", seconds=1.0)
UNDEFINED = "ImportError: /x/vllm/_C.abi3.so: undefined symbol: _ZN3c104cuda29c10_cuda_check_implementationEiPKcS2_ib"


def mismatched() -> dict[str, Any]:
    return {
        **load().best_stack(verl="0.3.1").pins,  # type: ignore[union-attr] # this release has a stack
        "vllm": distribution("vllm", "0.8.5", requires=("torch==2.6.0",)),
        "torch": "2.7.0",
    }


def report_on(imports: Any) -> Report:
    return examine(facts_of(mismatched(), imports=imports), load())


def of(report: Report, name: str) -> Result:
    return next(result for result in report.results if result.name == name)


def test_what_was_not_asked_for_is_not_in_the_report() -> None:
    report = examine(facts_of(mismatched()), load())
    assert not {"import-fails", "import-hangs"} & {result.name for result in report.results}


def test_what_could_not_be_tried_is_unknown() -> None:
    stack = dict(load().best_stack(verl="0.9.1").pins)  # type: ignore[union-attr] # this release has a stack
    report = examine(facts_of(stack, imports=Unavailable("no interpreter")), load())
    assert report.verdict is Verdict.UNKNOWN


def test_an_import_that_works_makes_the_suspicion_milder() -> None:
    result = of(report_on({"torch": WORKS, "vllm": WORKS}), "vllm-torch-pin-mismatch")
    assert (result.severity, result.outweighed) == (Severity.WARNING, "importing vllm works here")
    assert isinstance(result.outcome, Failed)


@pytest.mark.parametrize(
    "imports",
    [
        pytest.param({"torch": WORKS}, id="of-another"),
        pytest.param({"vllm": Import(outcome="untried")}, id="untried"),
        pytest.param({"vllm": Import(outcome="hangs")}, id="hangs"),
    ],
)
def test_other_imports_do_not(imports: dict[str, Import]) -> None:
    result = of(report_on(imports), "vllm-torch-pin-mismatch")
    assert (result.severity, result.outweighed) == (Severity.ERROR, None)


def test_a_plain_conflict_stays_left_to_the_precise_check() -> None:
    assert "requirement-conflict" not in {
        result.name
        for result in report_on({"torch": WORKS, "vllm": WORKS}).results
        if isinstance(result.outcome, Failed)
    }


def test_a_failed_import_follows_from_the_cause_whose_cure_changes_what_it_names() -> None:
    report = report_on({"torch": WORKS, "vllm": Import(outcome="fails", error=UNDEFINED, through=("vllm",))})
    assert report.primary is not None
    assert report.primary.name == "vllm-torch-pin-mismatch"
    assert of(report, "import-fails").consequence_of == "vllm-torch-pin-mismatch"


def test_a_failed_import_of_something_else_does_not_follow() -> None:
    missing = Import(outcome="fails", error="ModuleNotFoundError: No module named 'cachetools'", through=("vllm",))
    assert of(report_on({"torch": WORKS, "vllm": missing}), "import-fails").consequence_of is None


def test_every_module_that_knowledge_names_is_one_that_is_tried() -> None:
    from verl_doctor import knowledge
    from verl_doctor.facts.imports import MODULES

    assert frozenset().union(*(failure.prevents for failure in knowledge.load())) <= MODULES.keys()
