"""The section `proofs` as the tool writes it; the resolver is a script that says what a test wants."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.matrix.small import TEXT, matrix_of
from tools import prove_stacks as tool
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.rows import Proof

MARKED = TEXT.replace("proofs:\n", f"{tool.BEGIN}proofs:\n").replace("releases:\n", f"{tool.END}releases:\n")
(STACK,) = matrix_of().stacks()


class Resolver:
    """Stands in for uv: finds nothing for Python 3.13."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], str]] = []

    def __call__(self, argv: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        self.asked.append((argv, options["input"]))
        refused = "3.13" in argv
        return subprocess.CompletedProcess(argv, int(refused), "", 'no wheel\n of "torch"' if refused else "")


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    found = Resolver()
    monkeypatch.setattr(subprocess, "run", found)
    return found


def test_each_python_today_and_the_stacks_own_at_its_period(resolver: Resolver) -> None:
    proofs = list(tool.prove(STACK, matrix_of(), "2026-11-26"))
    assert [(p.python, p.index, p.refusal) for p in proofs] == [
        ("3.10", "today", None),
        ("3.11", "today", None),
        ("3.12", "today", None),
        ("3.13", "today", "no wheel of 'torch'"),
        ("3.10", "2025-07-01", None),
    ]
    argv, asked = resolver.asked[-1]
    assert argv[argv.index("--exclude-newer") + 1] == "2025-07-01"
    assert argv[argv.index("--python-platform") + 1] == "x86_64-manylinux_2_28"
    assert asked.splitlines() == [*(f"{n}=={v}" for n, v in STACK.pins.items()), "ninja", "wheel"]
    assert "--exclude-newer" not in resolver.asked[0][0]


def test_an_upper_bound_of_requires_python_counts(resolver: Resolver) -> None:
    matrix = matrix_of(('"0.8.5": {python: ">=3.9"', '"0.8.5": {python: "<3.12"'))
    refusals = {proof.python: proof.refusal for proof in tool.prove(STACK, matrix, "2026-11-26")}
    assert refusals["3.12"] == "vllm 0.8.5 requires Python <3.12"
    assert len(resolver.asked) == 3


def test_what_a_stack_promises_is_compared() -> None:
    proofs = [
        Proof(python="3.11", index="today", date="2026-11-26", refusal="no wheel"),
        Proof(python="3.13", index="today", date="2026-11-26", refusal=None),
        Proof(python="3.10", index="2025-07-01", date="2026-11-26", refusal="yanked"),
    ]
    assert list(tool.unkept(STACK, proofs)) == [
        "one says >=3.10,<3.13; on Python 3.11: no wheel",
        "one says >=3.10,<3.13; on Python 3.13: it resolves",
    ]


def test_the_file_is_written_and_read_again(resolver: Resolver, tmp_path: Path) -> None:
    file = tmp_path / "matrix.yaml"
    file.write_text(MARKED)
    assert tool.main(["--check", "--matrix", str(file)]) == 0
    assert file.read_text() == MARKED
    assert tool.main(["one", "--matrix", str(file)]) == 0
    written = Matrix(file.read_text())
    written.verify()
    assert [proof.refusal for proof in written.proofs("one")] == [None, None, None, "no wheel of 'torch'", None]
    assert resolver.asked


def test_bad_input(tmp_path: Path) -> None:
    (tmp_path / "matrix.yaml").write_text(TEXT)
    with pytest.raises(SystemExit):
        tool.main(["two", "--matrix", str(tmp_path / "matrix.yaml")])
    with pytest.raises(SystemExit, match="no lines that mark"):
        tool.replaced(TEXT, {})
