"""The scene of a smoke test, of which nothing may be left."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.smoke.processes import PATIENCE, descriptors, own_children
from tests.smoke.scene import Scene
from verl_doctor.smoke import children, rank
from verl_doctor.smoke.probes import PROBES

HANGS = "cuda-graphs"
"""The probe with a deadline that is soon over; the others have long ones, so that a slow machine fails no test."""


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A scene; afterwards no process, zombie, open file, temporary folder or file in shared memory of it is left."""
    made = Scene(folder=tmp_path, secret=uuid.uuid4().hex)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setattr(children, "CHILD", made.child)
    monkeypatch.setattr(children, "ANSWER", PATIENCE)
    monkeypatch.setattr(rank, "GRACE", PATIENCE)
    for name in PROBES:
        monkeypatch.setitem(PROBES, name, replace(PROBES[name], deadline=0.3 if name == HANGS else PATIENCE))
    before = own_children(), descriptors()
    yield made
    assert made.living() == []
    assert (own_children(), descriptors()) == before
    assert list(scratch.iterdir()) == []
    assert list(Path("/dev/shm").glob(f"*{made.secret}*")) == []


@pytest.fixture
def brief_grace(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """For children that do not end by themselves."""
    assert scene
    monkeypatch.setattr(rank, "GRACE", 0.3)


@pytest.fixture
def brief_answer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """For children that do not say where they are."""
    assert scene
    monkeypatch.setattr(children, "ANSWER", 0.2)
