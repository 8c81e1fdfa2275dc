"""What the preflights of all nodes of a cluster say as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from verl_doctor.examine import Report
from verl_doctor.fleet.cluster import Ranked
from verl_doctor.fleet.compare import Comparison
from verl_doctor.fleet.sweep import UNKNOWN, Sweep
from verl_doctor.fleet.sweep import Report as NodeReport
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Severity, Verdict
from verl_doctor.preflight.run import Wish, judge
from verl_doctor.smoke.sessions import Device

WORST_FIRST: Final = (Verdict.BROKEN, Verdict.UNKNOWN, Verdict.DEGRADED, Verdict.HEALTHY)
_VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
WITHOUT_GPU: Final = "Ray knows of no GPU on this node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """What became of an all-reduce over the cluster: its ranks, and why there are none or not all."""

    ranks: tuple[Ranked, ...] = ()
    reason: str | None = None
    skipped: bool = False

    @property
    def is_broken(self) -> bool:
        """Whether it was tried and failed."""
        return any(rank.reason for rank in self.ranks) or (self.reason is not None and not self.skipped)


@dataclass(frozen=True, kw_only=True)
class ClusterPreflight:
    """The preflights of the nodes with the facts that each ended with, and an all-reduce where one was due.

    `wish` is what was wanted of each node; its `allow` also has names of differences, which `checks` has not.
    """

    sweep: Sweep
    wish: Wish
    checks: tuple[str, ...] = ()
    matrix: Matrix
    reduced: Reduced | None = None

    @cached_property
    def documents(self) -> dict[str, dict[str, Any]]:
        """What each node reported."""
        return {each.node.name: _reported(each.document or {}, self._has_gpus(each.node.gpus)) for each in self._done}

    @cached_property
    def facts(self) -> Sweep:
        """The facts of each node, after what was changed there."""
        held = (replace(each, document=self._facts(each)) for each in self._done)
        return replace(self.sweep, reports=(*held, *self.sweep.missing))

    @cached_property
    def comparison(self) -> Comparison:
        """What differs between the nodes, and what of it is allowed."""
        return self.facts.compared().allowing(self.wish.allow)

    @cached_property
    def reports(self) -> dict[str, Report]:
        """What the check finds on each node."""
        wish = replace(self.wish, allow=self.checks)
        return {name: judge(facts, self.matrix, wish) for name, facts in self.facts.facts.items()}

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """What each node's preflight says as a whole."""
        return {name: Verdict(document["verdict"]) for name, document in self.documents.items()}

    @property
    def verdict(self) -> Verdict:
        """The worst of what the nodes, their differences and the all-reduce say."""
        said = list(self.verdicts.values())
        if self.sweep.missing or not said or self.is_untried:
            said.append(Verdict.UNKNOWN)
        if self.comparison.differences:
            said.append(Verdict.BROKEN if self.comparison.fails(Severity.ERROR) else Verdict.DEGRADED)
        if self.reduced and self.reduced.is_broken:
            said.append(Verdict.BROKEN)
        return min(said, key=WORST_FIRST.index)

    @property
    def is_untried(self) -> bool:
        """Whether a smoke test was wanted and no node is one to try it on."""
        return self.wish.level is not None and not self.tried_on

    @property
    def tried_on(self) -> tuple[str, ...]:
        """The nodes that a smoke test was wanted on."""
        return () if self.wish.level is None else tuple(e.node.name for e in self._done if self._has_gpus(e.node.gpus))

    @property
    def exit_code(self) -> int:
        """1 where a node, a difference that counts or the all-reduce fails, else 3 where the answer is open, else 0."""
        statuses = [each.status or 0 for each in self.sweep.reports]
        is_broken = self.comparison.fails(self.wish.fail_on) or bool(self.reduced and self.reduced.is_broken)
        return self.sweep.exit_code([*statuses, int(is_broken), UNKNOWN if self.is_untried else 0])

    @property
    def unproved(self) -> Iterator[str]:
        """Yield the nodes on which no rollout was seen to work, though that was wanted."""
        for name in self.tried_on:
            if self.documents[name]["smoke_test"]["verdict"] != Verdict.HEALTHY.value:
                yield name
        yield from (each.node.name for each in self.sweep.missing)

    @property
    def _done(self) -> tuple[NodeReport, ...]:
        return self.sweep.done

    def _facts(self, found: NodeReport) -> dict[str, Any]:
        facts: dict[str, Any] = (found.document or {})["check"]["facts"]
        is_reserved = self.wish.level is not None and self.wish.device is Device.CUDA
        return _as_ray_started_it(facts, int(found.node.gpus)) if is_reserved else facts

    def _has_gpus(self, gpus: float) -> bool:
        """Say whether a smoke test is tried on a node with so many GPUs, where one is wanted."""
        return self.wish.level is None or self.wish.device is Device.CPU or bool(gpus)


def _reported(document: dict[str, Any], is_to_try: bool) -> dict[str, Any]:
    """Return a node's document; where no smoke test could be wanted of it, with the reason."""
    return document if is_to_try else {**document, "smoke_test": {**document["smoke_test"], "reason": WITHOUT_GPU}}


def _as_ray_started_it(facts: dict[str, Any], gpus: int) -> dict[str, Any]:
    """Return facts without what Ray set because all GPUs were reserved: nodes do not differ by their numbers in it."""
    numbers = str(facts["env"].get(_VISIBLE, "")).split(",")
    if sorted(numbers) != sorted(map(str, range(gpus))):
        return facts
    return {**facts, "env": {name: value for name, value in facts["env"].items() if name != _VISIBLE}}
