"""Corrections are made where they are safe, and nowhere else."""

from __future__ import annotations

import pytest

from tests.lint.reading import document
from tests.lint.rules_for_tests import Edits, judged, remove, rename, replace, rule
from verl_doctor.lint.document import Document
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.fix import Fixed, fix
from verl_doctor.lint.judge import Judgement, Rule

MAIN = "python3 -m verl.trainer.main_ppo"


def fixed(text: str, *rules: Rule, name: str = "run.sh", keep: bool = False) -> Fixed:
    """What becomes of a file."""

    def judge(found: Document) -> Judgement:
        return judged(found, *rules)

    def is_kept(fault: Fault) -> bool:
        del fault
        return keep

    found = document(text, name)
    return fix(found, judge(found), judge, is_kept)


@pytest.mark.parametrize(
    ("name", "before", "after", "edits"),
    [
        pytest.param("r.sh", f"{MAIN} a.x=1 \\\n  a.y=2\n", f"{MAIN} \\\n  a.y=2\n", remove, id="word"),
        pytest.param("r.sh", f"{MAIN} \\\n  a.y=2 \\\n  a.x=1\n", f"{MAIN} \\\n  a.y=2\n", remove, id="last-word"),
        pytest.param("r.sh", f"{MAIN} 'a.x=1'\n", f"{MAIN} 'a.x=5'\n", replace("5"), id="in-quotes"),
        pytest.param("r.sh", f"X=1\n{MAIN} a.x=$X\n", f"X=5\n{MAIN} a.x=$X\n", replace("5"), id="variable"),
        pytest.param("r.sh", f"{MAIN} +a.x=1\n", f"{MAIN} a.z=1\n", rename("a.z"), id="key"),
        pytest.param("r.sh", f"{MAIN} \\\r\n  a.x=1\r\n", f"{MAIN} \\\r\n  a.x=5\r\n", replace("5"), id="windows"),
        pytest.param("c.yaml", "trainer:\n  a.x: 1\ndata: {}\n", "trainer:\n  a.x: 5\ndata: {}\n", None, id="yaml"),
        pytest.param("Dockerfile", "FROM x\nENV a=1\nCMD b\n", "FROM x\nCMD b\n", remove, id="dockerfile"),
        pytest.param("requirements.txt", "a==1  # c\nb\n", "a==5  # c\nb\n", replace("==5"), id="requirements"),
    ],
)
def test_corrected(name: str, before: str, after: str, edits: Edits | None) -> None:
    target = {"c.yaml": "trainer.a.x", "Dockerfile": "a", "requirements.txt": "a"}.get(name, "a.x")
    value = "==1" if name == "requirements.txt" else "1"
    result = fixed(before, rule(target, value, edits or replace("5")), name=name)
    assert result.document.data == after.encode()
    assert (len(result.corrected), result.left.faults) == (1, ())


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        pytest.param(f"{MAIN} a.x=1\n", replace("1"), id="changes-nothing"),
        pytest.param(f"{MAIN} a.x=1\n", replace("'"), id="opens-a-quote"),
        pytest.param(f"{MAIN} a.x=1 a.y=2\n", replace("5 #"), id="hides-another"),
        pytest.param(f"{MAIN} a.x=1\n", replace("5; true"), id="another-command-is-no-matter"),
        pytest.param(f"x && export a=1\n{MAIN} a.x=1\n", replace("1\nb.c=2"), id="still-there"),
    ],
)
def test_refused(text: str, edits: Edits) -> None:
    result = fixed(text, rule("a.x", "1", edits))
    if b"true" in result.document.data:
        assert result.left.faults == ()
        return
    assert result.document.data == text.encode()
    assert (result.corrected, len(result.left.faults)) == ((), 1)


def test_one_that_is_refused_does_not_stop_another() -> None:
    result = fixed(f"{MAIN} a.x=1 a.y=1\n", rule("a.x", "1", replace("'")), rule("a.y", "1", replace("2")))
    assert result.document.data == f"{MAIN} a.x=1 a.y=2\n".encode()
    assert [fault.setting.name for fault in result.left.faults] == ["a.x"]


def test_corrections_that_overlap_come_one_after_the_other() -> None:
    rules = rule("a.x", "1", replace("2")), rule("a.x", "2", remove), rule("a.y", "1", remove)
    result = fixed(f"{MAIN} a.x=1 a.y=1 a.z=1\n", *rules)
    assert result.document.data == f"{MAIN} a.z=1\n".encode()
    assert len(result.corrected) == 3


def test_what_is_allowed_stays() -> None:
    result = fixed(f"{MAIN} a.x=1\n", rule("a.x", "1", remove), keep=True)
    assert (result.corrected, len(result.left.faults)) == ((), 1)


def test_other_settings_that_follow() -> None:
    """In YAML what points to a corrected value changes as it should; a script's other setting must not."""
    yaml = "trainer:\n  n: 1\n  m: ${trainer.n}\ndata: {}\n"
    assert fixed(yaml, rule("trainer.n", "1", replace("2")), name="c.yaml").corrected
    script = f"export A=1\n{MAIN} a.x=$A\n"
    assert not fixed(script, rule("A", "1", replace("2"))).corrected


@pytest.mark.parametrize(
    ("name", "before", "after", "beside"),
    [
        pytest.param(
            "r.sh",
            f"{MAIN} \\\n  a.x=1 \\\n  a.y=2\n",
            f"{MAIN} \\\n  a.x=1 \\\n  a.z=3 \\\n  a.y=2\n",
            "a.z",
            id="lines",
        ),
        pytest.param("r.sh", f"{MAIN} a.x=1\n", f"{MAIN} a.x=1 a.z=3\n", "a.z", id="words"),
        pytest.param(
            "r.sh",
            f'A=(\n  a.x=1\n)\n{MAIN} "${{A[@]}}"\n',
            f'A=(\n  a.x=1\n  a.z=3\n)\n{MAIN} "${{A[@]}}"\n',
            "a.z",
            id="array",
        ),
        pytest.param(
            "c.yaml", "data:\n  x: 1\nalgorithm: {}\n", "data:\n  x: 1\n  z: 3\nalgorithm: {}\n", "data.z", id="yaml"
        ),
        pytest.param("c.yaml", "data:\n  x: 1\nalgorithm: {}\n", None, "other.z", id="yaml-elsewhere"),
        pytest.param("c.yaml", "data: {x: 1}\nalgorithm: {}\n", None, "data.z", id="yaml-in-braces"),
        pytest.param("r.sh", f'A=(a.x=1)\n{MAIN} "${{A[@]}}"\n', None, "a.z", id="no-blank-to-copy"),
    ],
)
def test_settings_that_are_added(name: str, before: str, after: str | None, beside: str) -> None:
    def ask(found: Document) -> Judgement:
        names = {each.name for launch in found.launches for each in launch.settings}
        target = "data.x" if name == "c.yaml" else "a.x"
        return (
            judged(found, rule(target, "1", beside=((beside, "3"),))) if beside not in names else Judgement(faults=())
        )

    found = document(before, name)
    result = fix(found, ask(found), ask, lambda _: False)
    assert result.document.data == (after or before).encode()
    assert bool(result.corrected) is (after is not None)


def test_an_edit_of_letters_beyond_ascii() -> None:
    text = f"# caf\u00e9\n{MAIN} a.x=1\n"
    result = fixed(text, rule("a.x", "1", lambda each: (Edit(span=each.whole, text=" a.x=\u00e9"),)))
    assert result.document.data.decode() == f"# caf\u00e9\n{MAIN} a.x=\u00e9\n"
