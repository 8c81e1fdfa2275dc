"""Where sessions of scripted children run, and of which nothing may be left."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from tests.smoke.processes import with_environment
from tests.smoke.scripted import NOTES, SECRET, write
from verl_doctor.smoke.run import Began, Place, ProbeResult, run
from verl_doctor.smoke.sessions import Device, Plan, Session

Happenings = Iterator[Began | ProbeResult]


def session(*probes: str, ranks: int = 1) -> Session:
    return Session(probes=probes, ranks=ranks)


@dataclass(kw_only=True)
class Scene:
    """Runs sessions with a child of the test's making."""

    folder: Path
    secret: str
    python: Path = Path(sys.executable)
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def __post_init__(self) -> None:
        self.notes.mkdir()
        self.environ |= {SECRET: self.secret, NOTES: str(self.notes)}

    @property
    def notes(self) -> Path:
        """Where the child may write for the test."""
        return self.folder / "notes"

    @property
    def child(self) -> Path:
        return self.folder / "child"

    def plan(self, *sessions: Session, skipped: dict[str, str] | None = None) -> Plan:
        return Plan(sessions=sessions or (session("import-vllm"),), skipped=skipped or {})

    def running(
        self, body: str, plan: Plan, *, start: str = "", until: float = inf
    ) -> AbstractContextManager[Happenings]:
        """What run() yields, one by one."""
        write(self.child, body, start=start)
        happenings = run(plan, Place(python=self.python, environ=self.environ, device=Device.CPU), until)
        assert isinstance(happenings, Generator)
        return closing(happenings)

    def happens(self, body: str, *sessions: Session, start: str = "") -> list[Began | ProbeResult]:
        """All that run() yields."""
        with self.running(body, self.plan(*sessions), start=start) as happenings:
            return list(happenings)

    def results(self, body: str, *sessions: Session, start: str = "") -> dict[str, ProbeResult]:
        """The results by name."""
        found = [each for each in self.happens(body, *sessions, start=start) if isinstance(each, ProbeResult)]
        assert len({each.name for each in found}) == len(found)
        return {each.name: each for each in found}

    def failure(self, body: str, *, probe: str = "sampling") -> ProbeResult:
        """The result of a probe that runs the body and fails, after one that passes."""
        result = self.results(f"if probe == 'import-vllm': return\n{body}", session("import-vllm", probe))[probe]
        assert result.outcome == "failed"
        return result

    def wrapper(self, script: str) -> None:
        """Have a shell script be the interpreter."""
        self.python = self.folder / "python"
        self.python.write_text(f"#!/bin/sh\n{script}\n")
        self.python.chmod(0o755)

    def living(self) -> list[int]:
        """The processes that the children started, wherever they are."""
        return list(with_environment(f"{SECRET}={self.secret}"))
