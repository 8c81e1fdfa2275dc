"""The questions asked of file systems are answered truly: here, where nothing has to be mounted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell
from benchmarks.battery.running import Command, UnavailableError
from benchmarks.battery.subject import Subject
from benchmarks.battery.tools.doctor import Doctor
from benchmarks.battery.workshop import Workshop
from benchmarks.filesystems import kept, page, questions, systems
from benchmarks.filesystems.given import Given
from benchmarks.filesystems.question import Question
from benchmarks.filesystems.questions.interruptions import killed_anywhere
from benchmarks.filesystems.questions.locks import second_writer
from benchmarks.filesystems.site import Site, at
from benchmarks.filesystems.system import Mounted, System

ROOT = Path(__file__).parents[2]
WITHOUT_LOCKS = """\
from contextlib import nullcontext

from verl_doctor.patching.locking import lock

lock.held = lambda *_, **__: nullcontext()
"""
WITHOUT_RECOVERY = """\
from verl_doctor.patching.writing import transaction

transaction.recover = lambda *_: False
"""

pytestmark = pytest.mark.real


class Missing(System):
    """A file system that cannot be had."""

    name = "missing"
    how = "Not at all."

    def version(self) -> str:
        raise UnavailableError("this kernel has no such thing")

    def mounted(self, folder: Path) -> AbstractContextManager[Mounted]:
        raise NotImplementedError(folder)


class Sampled(Given):
    """A folder in which a run is killed at few places."""

    every = 25


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture
def site(workshop: Workshop, tmp_path: Path) -> Site:
    return at(Sampled([tmp_path]), Mounted(nodes=(tmp_path,)), workshop)


def test_the_page_of_a_folder(tmp_path: Path) -> None:
    chosen = [word for words in ("apply again", "uv's cache") for word in ("--question", words)]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.filesystems", "--at", tmp_path, *chosen],
        check=False,
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "| | apply again | uv's cache |" in ran.stdout
    assert "| yes | yes |" in ran.stdout
    assert "hard links" in ran.stdout
    assert str(tmp_path) not in ran.stdout
    assert list(tmp_path.iterdir()) == []


def test_old_and_new(site: Site) -> None:
    case = Case(site.tool)
    assert site.condition(case) == "old"
    assert site.run(site.tool.apply, case).code == 0
    assert site.condition(case) == "new"
    assert site.run(site.tool.revert, case).code == 0
    assert site.condition(case) == "old"


def _half(case: Case) -> None:
    case.path(1).unlink()
    case.path(1).write_bytes(b"half")


def _mode(case: Case) -> None:
    case.path(2).chmod(0o600)


def _leftover(case: Case) -> None:
    case.path(3).with_name(f".{case.path(3).name}.verl-doctor-new").touch()


def _folder(case: Case) -> None:
    (case.subject.files / "vllm-0.7.2.dist-info/verl-doctor").mkdir(exist_ok=True)
    (case.subject.files / "vllm-0.7.2.dist-info/verl-doctor.journal").mkdir()


@pytest.mark.parametrize("damage", [_half, _mode, _leftover, _folder])
@pytest.mark.parametrize("is_patched", [False, True])
def test_neither_old_nor_new(site: Site, damage: Callable[[Case], None], *, is_patched: bool) -> None:
    case = Case(site.tool)
    if is_patched:
        site.run(site.tool.apply, case)
    damage(case)
    assert site.condition(case) not in ("old", "new")


def _careless(site: Site, folder: Path, fault: str) -> Site:
    """Return the same with a doctor that has a fault when it applies."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(fault)

    class Careless(type(site.tool)):  # type: ignore[misc] # made for this file system
        def apply(self, subject: Subject) -> Command:
            command: Command = Doctor.apply(self, subject)
            return Command(argv=command.argv, cwd=command.cwd, env={"PYTHONPATH": str(folder)})

    return Site(site.system, site.mounted, Careless(site.tool.workshop))


@pytest.mark.parametrize(("fault", "mark"), [("", "yes"), (WITHOUT_LOCKS, "no")], ids=["as it is", "without locks"])
def test_whether_a_second_writer_waits(site: Site, tmp_path: Path, fault: str, mark: str) -> None:
    assert second_writer.ask(_careless(site, tmp_path / "fault", fault)).mark == mark


@pytest.mark.parametrize(("fault", "mark"), [("", "yes"), (WITHOUT_RECOVERY, "no")], ids=["as it is", "no recovery"])
def test_whether_a_killed_run_is_brought_to_an_end(site: Site, tmp_path: Path, fault: str, mark: str) -> None:
    assert killed_anywhere.ask(_careless(site, tmp_path / "fault", fault)).mark == mark


def test_what_cannot_be_had() -> None:
    asked = [each for each in questions.load() if each.title in ("apply", "disk full")]
    found = page.Found(system=Missing(), version="", reason="this kernel has no such thing", cells={})
    text = page.render([found], asked)
    assert "| missing | not here | — |" in text
    assert "Not here: this kernel has no such thing." in text


def test_rows_from_another_kernel(tmp_path: Path) -> None:
    missing = page.Found(system=Missing(), version="", reason="this kernel has no such thing", cells={})
    seen = page.Found(system=Missing(), version="another", reason="", cells={"apply": Cell("no", "why")})
    here = page.Found(system=Given([tmp_path]), version="as mounted", reason="", cells={"apply": Cell("yes")})
    kept.write(tmp_path / "kept", [seen, here])
    assert kept.added([missing, here], [tmp_path / "kept"]) == [
        page.Found(system=missing.system, version="another", reason="", cells={"apply": Cell("no", "why")}),
        here,
    ]
    assert kept.added([missing], []) == [missing]


def test_every_question_is_asked_somewhere() -> None:
    def is_asked(question: Question) -> bool:
        return any(question.concerns(system) for system in systems.load())

    assert [question.title for question in questions.load() if not is_asked(question)] == []
    assert len({system.name for system in systems.load()}) == len(systems.MODULES)


def test_notes_without_folders() -> None:
    note = "/a/1/node-0/1/environment/lib/python3.11/site-packages/vllm/x.py cannot be written"
    assert page.without(note, {"/a/1", "/a/1/node-0"}) == "…/vllm/x.py cannot be written"
