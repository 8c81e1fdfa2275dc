"""Which files in shared memory are taken for a smoke test's own, and that they go."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.smoke.scene import Scene, session
from verl_doctor.smoke.leftovers import SHARED_MEMORY, SharedMemory, family

MAPPED = "with SHARED.open('x+b') as file: file.truncate(64); kept = mmap.mmap(file.fileno(), 64)"
PYTHONS = "from multiprocessing.shared_memory import SharedMemory as M; kept = M(SHARED.name, create=True, size=64)"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param("kept = SHARED.open('x')", id="open"),
        pytest.param(MAPPED, id="mapped"),
        pytest.param(PYTHONS, id="Python's, with its resource tracker"),
        pytest.param("kept = Path(f'{SHARED} of ours').open('x')", id="with spaces in its name"),
        pytest.param(
            "fork('left', os.setsid, lambda: globals().update(k=SHARED.open('x')))\nnoted('left')", id="of a leaker"
        ),
    ],
)
def test_a_file_that_is_in_use_at_the_end_goes(scene: Scene, make: str) -> None:
    body = f"{make}\nassert [*SHARED.parent.glob(f'{{SHARED.name}}*')]\ntime.sleep(100)"
    failure = scene.results(body, session("cuda-graphs"))["cuda-graphs"]
    assert (failure.reason or "").startswith("it did not come back")


@pytest.fixture
def file(scene: Scene) -> Iterator[Path]:
    """A name in shared memory."""
    path = SHARED_MEMORY / f"{scene.secret}-file"
    yield path
    path.unlink(missing_ok=True)


def test_a_file_that_was_seen_in_use_goes(file: Path) -> None:
    watched = SharedMemory()
    with file.open("x"):
        watched.look({os.getpid()})
    watched.remove()
    assert not file.exists()


def test_a_mapped_file_that_was_seen_in_use_goes(file: Path) -> None:
    watched = SharedMemory()
    with file.open("x+b") as opened:
        opened.truncate(64)
        mapped = mmap.mmap(opened.fileno(), 64)
    watched.look({os.getpid()})
    mapped.close()
    watched.remove()
    assert not file.exists()


def test_a_file_that_nobody_was_seen_to_use_stays(file: Path) -> None:
    watched = SharedMemory()
    file.touch()
    watched.look({os.getpid()})
    watched.remove()
    assert file.exists()


def test_a_file_that_only_a_stranger_uses_stays(file: Path) -> None:
    watched = SharedMemory()
    with file.open("x"):
        watched.look({os.getppid()})
    watched.remove()
    assert file.exists()


def test_a_file_that_was_there_before_stays(file: Path) -> None:
    with file.open("x"):
        watched = SharedMemory()
        watched.look({os.getpid()})
    watched.remove()
    assert file.exists()


def test_another_file_that_has_taken_the_name_stays(file: Path) -> None:
    watched = SharedMemory()
    with file.open("x"):
        watched.look({os.getpid()})
        other = file.with_name(f"{file.name}-other")
        other.write_text("a stranger's")
        other.rename(file)
    watched.remove()
    assert file.read_text() == "a stranger's"


def test_a_file_that_is_gone_is_no_trouble(file: Path) -> None:
    watched = SharedMemory()
    with file.open("x"):
        watched.look({os.getpid()})
    file.unlink()
    watched.remove()


def test_strangers_are_no_family() -> None:
    assert family((), b"VERL_DOCTOR_SMOKE_TEST=of-nobody") == set()
