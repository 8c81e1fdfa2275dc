"""Runs the sessions of a smoke test; it always comes back, and leaves nothing behind."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from math import inf
from pathlib import Path
from typing import Final

from verl_doctor.smoke import interrupts, launch
from verl_doctor.smoke.children import Children
from verl_doctor.smoke.probes import PROBES
from verl_doctor.smoke.rank import NotStartedError
from verl_doctor.smoke.results import Began, ProbeResult
from verl_doctor.smoke.sessions import ENGINE, Device, Plan, Session
from verl_doctor.smoke.talk import Talk

__all__ = ["Began", "Place", "ProbeResult", "run"]

_ALL_FAIL_WITH: Final = {"import-vllm": "vLLM cannot be imported", "rollout": "the rollout fails"}
"""The probes without which those of the same engine cannot pass either, and how that is said."""
_TOO_LATE: Final = "the time for the whole smoke test was over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where children run: the interpreter, the environment they get, and the GPUs that this node shows."""

    python: Path
    environ: Mapping[str, str]
    device: Device
    gpus: tuple[str, ...] = ()


def run(plan: Plan, place: Place, until: float = inf) -> Iterator[Began | ProbeResult]:
    """Run all sessions; yield what happens, in order, and every probe's result exactly once.

    The probe that runs at the moment `until` (time.monotonic) fails, and none begins after it.
    Until it ends, or is closed, SIGTERM and SIGHUP raise KeyboardInterrupt; then nothing that was started is left.
    """
    failed: set[str] = set()
    with interrupts.raised():
        for session in plan.sessions:
            yield from _session(session, place, failed, until)
    for name, reason in plan.skipped.items():
        yield ProbeResult(name=name, outcome="skipped", reason=reason)


def _session(session: Session, place: Place, failed: set[str], until: float) -> Iterator[Began | ProbeResult]:
    """Run the probes of a session; after one that failed, those that are left in new children."""
    left = list(session.probes)
    while left:
        if why := _TOO_LATE if time.monotonic() >= until else _hopeless(left[0], failed):
            yield ProbeResult(name=left.pop(0), outcome="skipped", reason=why)
            continue
        hopeful = tuple(takewhile(lambda name: not _hopeless(name, failed), left))
        for happened in _attempt(replace(session, probes=hopeful), place, until):
            if isinstance(happened, ProbeResult):
                left.remove(happened.name)
                if happened.outcome == "failed":
                    failed.add(happened.name)
            yield happened


def _hopeless(name: str, failed: set[str]) -> str | None:
    """Say why a probe need not be tried after others failed."""
    for cause, words in _ALL_FAIL_WITH.items():
        concerned = name != cause and (cause == "import-vllm" or name in ENGINE)
        if cause in failed and concerned and name != "arithmetic":
            return words
    return None


def _attempt(session: Session, place: Place, until: float) -> Iterator[Began | ProbeResult]:
    """Run probes in one set of children, up to the first that fails."""
    children = Children()
    try:
        talk = Talk(children, session.ranks)
        for name in session.probes:
            started = time.monotonic()
            if started >= until:
                return
            yield Began(name)
            try:
                if name == session.probes[0]:
                    _start(children, session, place)
                given = min(PROBES[name].deadline, until - started)
                result = talk.result(name, started + given, given)
            except NotStartedError as error:
                result = ProbeResult(name=name, outcome="failed", reason=str(error))
            yield replace(result.without_secrets(place.environ), seconds=time.monotonic() - started)
            if result.outcome == "failed":
                return
    finally:
        children.end()


def _start(children: Children, session: Session, place: Place) -> None:
    """Start one child a rank. Raises NotStartedError."""
    task = launch.task(session, place.device, children.folder)
    for environ in launch.environs(session, place.environ, place.gpus, children.folder):
        children.start(place.python, task, environ)
