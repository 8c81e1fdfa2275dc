"""The environments of these tests; nothing that an import started may be left."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.importing.stubs import make
from tests.smoke.processes import PATIENCE, descriptors, own_children, with_environment
from verl_doctor.facts.imports import Import, collect
from verl_doctor.host import LocalHost
from verl_doctor.smoke import children, rank

Imported = Callable[..., Mapping[str, Import]]


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imported]:
    """Import packages, given by their sources; afterwards no process, open file or temporary folder is left."""
    secret = f"VERL_DOCTOR_TEST={uuid.uuid4().hex}"
    monkeypatch.setenv(*secret.split("=", 1))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setattr(children, "ANSWER", PATIENCE)
    monkeypatch.setattr(rank, "GRACE", PATIENCE)
    before = own_children(), descriptors()

    def run(deadline: float = PATIENCE, **packages: str) -> Mapping[str, Import]:
        return collect(LocalHost(), make(tmp_path / "env", packages), {}, deadline)

    yield run
    assert list(with_environment(secret)) == []
    assert (own_children(), descriptors()) == before
    assert list(scratch.iterdir()) == []
