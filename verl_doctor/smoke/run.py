"""Runs the sessions of a smoke test and judges the probes; it always comes back."""

from __future__ import annotations

import re
import signal
import socket
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from verl_doctor.smoke.children import Children, Event, Gone, Silence
from verl_doctor.smoke.probes import PROBES
from verl_doctor.smoke.sessions import ENGINE, Device, Plan, Session

Outcome = Literal["passed", "failed", "skipped"]

_ALL_FAIL_WITH: Final = {"import-vllm": "vLLM cannot be imported", "rollout": "the rollout fails"}
"""The probes without which those of the same engine cannot pass either, and how that is said."""
_TELLING: Final = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Interrupt)\b|\bFatal\b|\bfatal\b|ASSERT FAILED|Aborted")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """How a probe went. `detail` is what the failing rank printed or raised, for the reader and for known failures."""

    name: str
    outcome: Outcome
    seconds: float = 0.0
    measurements: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    detail: str = ""

    @property
    def proves(self) -> tuple[str, ...]:
        """The patches without which this probe fails."""
        return PROBES[self.name].proves


@dataclass(frozen=True, slots=True)
class Began:
    """A probe has begun."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where children run: the interpreter, the environment they get, and the GPUs that this node shows."""

    python: Path
    environ: Mapping[str, str]
    device: Device
    gpus: tuple[str, ...] = ()


def run(plan: Plan, place: Place) -> Iterator[Began | ProbeResult]:
    """Run all sessions; yield what happens, in order, and every probe's result exactly once."""
    failed: set[str] = set()
    for session in plan.sessions:
        for happened in _session(session, place, failed):
            if isinstance(happened, ProbeResult) and happened.outcome == "failed":
                failed.add(happened.name)
            yield happened
    for name, reason in plan.skipped.items():
        yield ProbeResult(name=name, outcome="skipped", reason=reason)


def _session(session: Session, place: Place, failed: set[str]) -> Iterator[Began | ProbeResult]:
    """Run the probes of a session; after one that failed, those that are left in new children."""
    left = list(session.probes)
    while left:
        hopeless = [(name, why) for name in left if (why := _hopeless(name, failed))]
        for name, why in hopeless:
            left.remove(name)
            yield ProbeResult(name=name, outcome="skipped", reason=why)
        if not left:
            return
        with tempfile.TemporaryDirectory(prefix="verl-doctor-", ignore_cleanup_errors=True) as work:
            for happened in _attempt(replace(session, probes=tuple(left)), place, Path(work)):
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


def _attempt(session: Session, place: Place, work: Path) -> Iterator[Began | ProbeResult]:
    """Run the probes in one set of children, up to the first that fails."""
    children = Children(place.python, _tasks(session, place, work), _environs(session, place), work)
    try:
        talk = _Talk(children, session)
        for name in session.probes:
            yield Began(name)
            result = talk.result(name)
            yield result
            if result.outcome == "failed":
                return
    finally:
        children.end()


@dataclass(slots=True)
class _Talk:
    """What the children of a session say, in order."""

    children: Children
    session: Session
    heard: deque[Event | Gone | Silence] = field(default_factory=deque)

    def result(self, name: str) -> ProbeResult:
        """Wait until every rank has ended a probe, one has failed, or the time is up."""
        started = time.monotonic()
        until = started + PROBES[name].deadline
        ended: dict[int, Event] = {}
        while len(ended) < self.session.ranks:
            match self._next(until):
                case Silence():
                    return self._failed(name, started, *self._hung(name, ended))
                case Gone(rank=rank, status=status) if rank not in ended:
                    return self._failed(name, started, *self._died(rank, status))
                case Event(kind="end", probe=probe, outcome="failed") as event if probe == name:
                    reason = self._of(event.rank, event.reason or "it failed")
                    return self._failed(name, started, reason, event.detail, event.measurements)
                case Event(kind="end", probe=probe, rank=rank) as event if probe == name:
                    ended[rank] = event
                case _:
                    pass
        skipped = next((event for event in ended.values() if event.outcome == "skipped"), None)
        return ProbeResult(
            name=name,
            outcome="skipped" if skipped else "passed",
            seconds=time.monotonic() - started,
            measurements=ended[0].measurements,
            reason=skipped.reason if skipped else None,
        )

    def _next(self, until: float) -> Event | Gone | Silence:
        while not self.heard:
            self.heard.extend(self.children.said(until))
        return self.heard.popleft()

    def _failed(
        self, name: str, started: float, reason: str, detail: str, measurements: Mapping[str, Any] | None = None
    ) -> ProbeResult:
        return ProbeResult(
            name=name,
            outcome="failed",
            seconds=time.monotonic() - started,
            measurements=measurements or {},
            reason=reason,
            detail=detail,
        )

    def _hung(self, name: str, ended: Mapping[int, Event]) -> tuple[str, str]:
        silent = [rank for rank in range(self.session.ranks) if rank not in ended]
        output = "\n".join(self.children.output(rank) for rank in silent)
        who = "it" if self.session.ranks == 1 else f"rank {', '.join(map(str, silent))}"
        return f"{who} did not come back within {PROBES[name].deadline:g} seconds", output

    def _died(self, rank: int, status: int | None) -> tuple[str, str]:
        output = self.children.output(rank)
        told = _last_telling_line(output)
        how = _ending(status)
        return self._of(rank, f"the process {how}{f': {told}' if told else ''}"), output

    def _of(self, rank: int, reason: str) -> str:
        return reason if self.session.ranks == 1 else f"rank {rank}: {reason}"


def _ending(status: int | None) -> str:
    if status is None:
        return "closed its pipe and went on"
    if status >= 0:
        return f"ended with status {status}"
    name = next((known.name for known in signal.Signals if known == -status), f"signal {-status}")
    return f"was killed by {name}" + (", as the system does when memory runs out" if status == -signal.SIGKILL else "")


def _last_telling_line(output: str) -> str:
    """Return the last line that names an error, else the last line of all."""
    lines = [line.strip() for line in output.replace("\r", "\n").splitlines() if line.strip()]
    return next((line for line in reversed(lines) if _TELLING.search(line)), lines[-1] if lines else "")[:400]


def _tasks(session: Session, place: Place, work: Path) -> list[dict[str, Any]]:
    return [
        {
            "probes": list(session.probes),
            "device": place.device.value,
            "rank": rank,
            "world": session.ranks,
            "eager": session.eager,
            "settings": dict(session.settings),
            "work": str(work),
        }
        for rank in range(session.ranks)
    ]


def _environs(session: Session, place: Place) -> list[dict[str, str]]:
    """Return the environment of each rank. With several, each sees one GPU, as Ray's workers do."""
    base = {
        **place.environ,
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # only so can graphs be counted and weights be reached
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
    }
    if session.ranks == 1:
        return [base]
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "WORLD_SIZE": str(session.ranks)}
    mine = {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}
    visible = [{"CUDA_VISIBLE_DEVICES": gpu} for gpu in place.gpus[: session.ranks]] or [{}] * session.ranks
    return [{**base, **meeting, **mine, **visible[rank], "RANK": str(rank)} for rank in range(session.ranks)]


def _free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def failed(results: Sequence[ProbeResult]) -> list[ProbeResult]:
    """Return the results of the probes that failed."""
    return [result for result in results if result.outcome == "failed"]
