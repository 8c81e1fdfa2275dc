"""A Ray cluster, reached through a child that runs in the interpreter whose Ray fits it.

The child comes back or is ended; whatever a node, the cluster or Ray does, each node gets an answer or a reason.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from verl_doctor.errors import TargetError, UsageError
from verl_doctor.facts import secrets
from verl_doctor.fleet import shipment
from verl_doctor.smoke import interrupts, said
from verl_doctor.smoke.children import Children
from verl_doctor.smoke.rank import NotStartedError
from verl_doctor.smoke.said import Event, Gone

CHILD: Final = Path(__file__).with_name("child")
JOINING: Final = 90.0
"""Seconds to join a cluster; an address where nobody answers takes Ray longer to give up."""
_GRACE: Final = 30.0
"""Seconds that the child gets beyond the nodes' own: after that Ray itself does not answer."""
_ADDRESS: Final = re.compile(r"auto|(?:ray://)?[\w.\-\[\]:]+:\d+")
_ID: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RayNode:
    """A node of the cluster; `name` is its host's, with what tells it from others of that name."""

    id: str
    name: str
    address: str
    gpus: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The cluster: its Ray and Python, and the nodes that are alive."""

    ray: str
    python: tuple[int, int, int]
    nodes: tuple[RayNode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of the command on one node.

    `status` is its exit status, `out` and `err` what it printed, `seconds` how long it ran. Where it did not run to its
    end, `status` is None and `reason` says why; `skipped` where it was not tried on purpose.
    """

    node: RayNode
    status: int | None = None
    out: str = ""
    err: str = ""
    seconds: float = 0.0
    reason: str | None = None
    skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """What became of one rank of an all-reduce."""

    rank: int
    node: RayNode
    measurements: Mapping[str, Any]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class NotReduced:
    """An all-reduce that was not tried, or broke as a whole, and why."""

    reason: str
    skipped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where the cluster is, and the interpreter and environment variables to reach it with.

    Raises UsageError for what is no address of a cluster.
    """

    address: str
    python: Path
    environ: Mapping[str, str]

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            raise UsageError(f"--ray takes auto, HOST:PORT or ray://HOST:PORT, not {self.address!r}.")

    def shown(self, reason: str | None) -> str | None:
        """Return a reason as it may be shown, without the secrets of the environment that children get."""
        return reason and secrets.lines(reason, secrets.values(self.environ))

    def everywhere(
        self,
        command: Sequence[str],
        deadline: float,
        *,
        gpus: bool = False,
        without_gpus: Sequence[str] | None = None,
        compiled: bool = False,
    ) -> Iterator[Joined | Answer]:
        """Run a command of the doctor's on every node; yield the cluster, then each node's answer as it comes.

        A node has `deadline` seconds for all of it. With `gpus` Ray reserves all GPUs of the node for it; where it
        knows of none it runs `without_gpus` instead, or leaves the node out. "{python}" in the command stands for the
        interpreter of Ray's workers on that node. Raises TargetError where the cluster cannot be joined, and with
        `compiled` where its Python cannot load the compiled parts of what is shipped.
        """
        task: dict[str, Any] = {"job": "command", "command": list(command), "deadline": deadline, "gpus": gpus}
        if without_gpus is not None:
            task["without_gpus"] = list(without_gpus)
        waiting: dict[str, RayNode] = {}
        for event in self._events(task, deadline, ship=True):
            if isinstance(event, Joined):
                if compiled and not shipment.fits(event.python[:2]):
                    raise TargetError(_other_python(event.python))
                waiting = {node.id: node for node in event.nodes}
                yield event
            elif isinstance(event, str):
                yield from (Answer(node=node, reason=event) for node in waiting.values())
            elif node := waiting.pop(event.probe, None):
                yield _answer(node, event)

    def all_reduce(self, device: str, deadline: float) -> Iterator[Joined | Ranked | NotReduced]:
        """Have all GPUs of the cluster (with device "cpu" one process a node) add numbers together; yield each rank."""
        nodes: dict[str, RayNode] = {}
        for event in self._events({"job": "all-reduce", "device": device, "deadline": deadline}, deadline, ship=False):
            if isinstance(event, Joined):
                nodes = {node.id: node for node in event.nodes}
                yield event
            elif isinstance(event, str):
                yield NotReduced(event, skipped=False)
            elif event.probe == "all-reduce":
                yield NotReduced(str(event.measurements.get("skipped")), skipped=True)
            elif node := nodes.get(str(event.measurements.get("node"))):
                rank = int(event.probe.removeprefix("rank-"))
                yield Ranked(rank=rank, node=node, measurements=event.measurements, reason=event.reason)

    def _events(self, task: Mapping[str, Any], deadline: float, *, ship: bool) -> Iterator[Joined | Event | str]:
        """Yield the cluster, then events; at last, where not all came, why no more do. Raises TargetError."""
        with interrupts.raised():
            children = Children(CHILD)
            try:
                shipped = str(shipment.pack(children.folder)) if ship else ""
                whole = {**task, "address": self.address, "shipped": shipped, "work": str(children.folder)}
                children.start(self.python, whole, {**self.environ, "RAY_DEDUP_LOGS": "0", "PYTHONUNBUFFERED": "1"})
                for heard in _heard(children, time.monotonic(), deadline, self):
                    yield replace(heard, reason=self.shown(heard.reason)) if isinstance(heard, Event) else heard
            except NotStartedError as error:
                raise TargetError(f"{error}.") from error
            finally:
                children.end()


def _heard(children: Children, started: float, deadline: float, cluster: Cluster) -> Iterator[Joined | Event | str]:
    """Yield what the child tells, and at last why it tells no more, where it has not said that this was all."""
    until = started + JOINING
    joined = False
    while True:
        is_late = time.monotonic() > until  # asked first: what was said in time is heard
        for each in (each for each in children.listen(until) if isinstance(each, Event | Gone)):
            if isinstance(each, Event) and each.probe == "cluster" and each.outcome:
                joined, until = True, time.monotonic() + deadline + _GRACE
                yield _joined(each)
            elif isinstance(each, Gone) or each.probe == "all":
                why = cluster.shown(_why_over(children, each))
                if not joined:
                    raise TargetError(_not_joined(cluster.address, why))
                if why:
                    yield f"the run over the cluster ended early: {why}"
                return
            elif each.outcome:
                yield each
        if is_late and not joined:
            raise TargetError(_not_joined(cluster.address, f"nobody answered within {JOINING:g} seconds"))
        if is_late:
            yield f"Ray itself did not answer within {deadline + _GRACE:g} seconds"
            return


def _why_over(children: Children, last: Event | Gone) -> str | None:
    """Say why nothing more comes; None where all is said."""
    if isinstance(last, Event):
        return last.reason
    told = said.telling(children.output(0))
    return f"the process that joined the cluster {last.how}" + (f" ({told})" if told else "")


def _not_joined(address: str, reason: str | None) -> str:
    advice = ""
    if reason and "ModuleNotFoundError" in reason and "ray" in reason:
        advice = " Name an environment that has the cluster's Ray with --python."
    elif address == "auto":
        advice = " `auto` finds the cluster that this machine belongs to; elsewhere give its address."
    return f"The Ray cluster at {address} cannot be joined: {reason}.{advice}"


def _other_python(version: Sequence[int]) -> str:
    minor = ".".join(map(str, version[:2]))
    return (
        f"The cluster has Python {minor}, and the compiled part of what edits files is here for another one. "
        f"Run verl-doctor itself with that Python: `uvx --python {minor} verl-doctor ...`."
    )


def _joined(event: Event) -> Joined:
    told = event.measurements
    nodes = [
        RayNode(id=each["id"], name=_name(each), address=each["address"], gpus=each["gpus"]) for each in told["nodes"]
    ]
    many = Counter(node.name for node in nodes)
    short = Counter(node.id[:_ID] for node in nodes)
    own = {node.id: node.id[:_ID] if short[node.id[:_ID]] == 1 else node.id for node in nodes}
    named = [n if many[n.name] == 1 else replace(n, name=f"{n.name} ({own[n.id]})") for n in nodes]
    major, minor, patch = told["python"]
    ordered = tuple(sorted(named, key=lambda node: node.name))
    return Joined(ray=str(told["ray"]), python=(major, minor, patch), nodes=ordered)


def _name(told: Mapping[str, Any]) -> str:
    """Return the name that `ray start --node-name` gave, else the host's."""
    given = str(told["given"])
    return given if given and given != told["address"] else str(told["host"])


def _answer(node: RayNode, event: Event) -> Answer:
    if event.reason:
        return Answer(node=node, reason=event.reason)
    if skipped := event.measurements.get("skipped"):
        return Answer(node=node, reason=str(skipped), skipped=True)
    told = json.loads(Path(event.measurements["file"]).read_bytes())
    answer = Answer(node=node, status=told["status"], out=told["stdout"], err=told["stderr"], seconds=told["seconds"])
    if answer.status is None:
        return replace(answer, reason=f"the command did not end within {answer.seconds:.0f} seconds and was killed")
    return answer
