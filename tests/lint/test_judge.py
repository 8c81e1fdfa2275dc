"""Every rule is asked about every launch, and each fault told once."""

from __future__ import annotations

from collections.abc import Iterator

from tests.lint.reading import document
from tests.lint.rules_for_tests import judged, remove, replace, rule
from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint import rules
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Fault
from verl_doctor.lint.judge import Rule, all_rules
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Severity, UnknownError

MAIN = "python3 -m verl.trainer.main_ppo"


def test_every_rule_declares_what_it_must() -> None:
    found = all_rules()
    assert len({each.id for each in found}) == len({each.name for each in found}) == len(found)
    assert rules.__doc__


def test_by_lines() -> None:
    found = document(f"{MAIN} \\\n a.x=1 \\\n a.y=1\nexport A=1\n{MAIN} a.x=1\n")
    faults = judged(found, rule("a.y", "1"), rule("a.x", "1")).faults
    assert [fault.setting.name for fault in faults] == ["a.x", "a.y", "a.x"]


def test_what_several_launches_share_is_told_once() -> None:
    found = document(f'export A=1\nX=(a.x=1)\n{MAIN} "${{X[@]}}"\n{MAIN} "${{X[@]}}"\n')
    faults = judged(found, rule("A", "1", remove), rule("a.x", "1", remove)).faults
    assert [(fault.setting.name, len(fault.edits)) for fault in faults] == [("A", 1), ("a.x", 1)]


def test_what_is_right_for_another_launch_is_not_edited() -> None:
    found = document(f'X=(a.x=1)\n{MAIN} "${{X[@]}}"\npython3 -m verl.other "${{X[@]}}"\n')
    (fault,) = judged(found, rule("a.x", "1", replace("2"), program="verl.other")).faults
    assert fault.edits == ()


def test_nothing_is_added_to_what_is_right_for_another_launch() -> None:
    found = document(f'X=(\n  a.x=1\n)\n{MAIN} "${{X[@]}}"\npython3 -m verl.other "${{X[@]}}"\n')
    (fault,) = judged(found, rule("a.x", "1", beside=(("a.y", "2"),), program="verl.other")).faults
    assert fault.beside == ()


def test_what_cannot_be_removed_alone_has_no_edit() -> None:
    found = document(f"x && export A=1\n{MAIN}\n")
    (fault,) = judged(found, rule("A", None, remove)).faults
    assert fault.edits == ()


def test_a_rule_that_breaks_stops_no_other() -> None:
    def broken(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
        del facts, matrix
        yield next(iter(judged(document(f"{MAIN} a.y=1"), rule("a.y", "1")).faults))
        raise KeyError(launch.line)

    def unknowing(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
        raise UnknownError(f"{launch.line}{facts.target}{matrix}")

    bad = Rule(id="VD998", name="broken", severity=Severity.ERROR, ask=broken)
    silent = Rule(id="VD997", name="silent", severity=Severity.ERROR, ask=unknowing)
    found = judged(document(f"{MAIN} a.x=1\n{MAIN}\n"), bad, silent, rule("a.x", "1"))
    assert sorted(fault.setting.name for fault in found.faults) == ["a.x", "a.y"]
    assert found.crashed == (("broken", "KeyError: 2"),)
