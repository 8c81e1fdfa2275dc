"""An account as JUnit XML: a suite for each group, a test for each question, a failure for what counts."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from verl_doctor.report.account import Account, Case, Occurrence
from verl_doctor.report.plain_text import in_a_line, one_line


def render(account: Account) -> str:
    """Return the document."""
    suites = [_suite(account, group) for group in account.groups]
    root = Element("testsuites", {"name": f"verl-doctor {account.command}", **_sums(suites)})
    root.extend(suites)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _sums(suites: Sequence[Element]) -> dict[str, str]:
    return {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in ("tests", "failures", "errors")}


def _suite(account: Account, group: str) -> Element:
    cases = [case for case in account.cases if case.group == group]
    tests = [_test(account, case) for case in cases]
    seconds = sum(case.seconds or 0.0 for case in cases)
    suite = Element(
        "testsuite",
        name=f"verl-doctor {group}",
        tests=str(len(tests)),
        failures=_count(tests, "failure"),
        errors=_count(tests, "error"),
        skipped=_count(tests, "skipped"),
        time=f"{seconds:.3f}",
    )
    suite.extend(tests)
    return suite


def _count(tests: Sequence[Element], kind: str) -> str:
    return str(sum(test.find(kind) is not None for test in tests))


def _test(account: Account, case: Case) -> Element:
    test = Element("testcase", classname=f"verl-doctor.{case.group}", name=f"{case.id} {case.name}")
    if case.seconds is not None:
        test.set("time", f"{case.seconds:.3f}")
    counted = [each for each in case.occurrences if account.counts(each)]
    others = [each for each in case.occurrences if not account.counts(each)]
    if case.leaves_open:
        kind = "crashed" if case.outcome == "crashed" else "not judged"
        SubElement(test, "error", type=kind, message=one_line(case.reason or ""))
    elif case.outcome in {"skipped", "crashed"}:
        SubElement(test, "skipped", message=one_line(case.reason or ""))
    elif counted:
        failure = SubElement(test, "failure", type=counted[0].severity.value, message=one_line(counted[0].message))
        failure.text = "\n\n".join(map(_told, counted))
    elif excused := next((each.excused for each in others if each.excused), None):
        SubElement(test, "skipped", message=one_line(excused))
    if others:
        SubElement(test, "system-out").text = "\n\n".join(map(_told, others))
    return test


def _told(found: Occurrence) -> str:
    lines = (
        f"{found.severity.value}: {found.message}",
        *(f"seen: {each}" for each in found.evidence),
        *([f"-> {found.remedy}"] if found.remedy else []),
        *(f"   {command}" for command in found.commands),
    )
    return "\n".join(map(in_a_line, lines))
