"""Judges a probe by what the ranks of a session say, and by their silence."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from verl_doctor.smoke import said
from verl_doctor.smoke.children import Children
from verl_doctor.smoke.probes import PROBES
from verl_doctor.smoke.results import ProbeResult
from verl_doctor.smoke.said import Closed, Event, Gone


@dataclass(slots=True)
class Talk:
    """What so many children have said; `stopped` are the ranks that failed or fell silent, in that order."""

    children: Children
    ranks: int
    ends: dict[tuple[str, int], Event] = field(default_factory=dict)
    gone: dict[int, Gone] = field(default_factory=dict)
    stopped: list[int] = field(default_factory=list)

    def result(self, name: str, until: float, given: float | None = None) -> ProbeResult:
        """Wait until every rank has ended a probe, one has failed or is gone, or the time is up.

        `given` are the seconds that it was given where those are not its own.
        """
        while (judged := self._judged(name)) is None:
            is_late = time.monotonic() > until  # asked first: what was said in time is heard
            self._listen(until)
            if is_late and self._judged(name) is None:
                return self._hung(name, PROBES[name].deadline if given is None else given)
        return judged

    def _listen(self, until: float) -> None:
        heard = self.children.listen(until)
        # Of what is heard at the same moment, one rank's failure is the likelier cause of another's end.
        for each in sorted(heard, key=lambda each: not isinstance(each, Event)):
            match each:
                case Event(outcome="failed"):
                    self.ends.setdefault((each.probe, each.rank), each)
                    self.stopped.append(each.rank)
                case Event(outcome=str()):
                    self.ends.setdefault((each.probe, each.rank), each)
                case Gone():
                    self.gone[each.rank] = each
                    self.stopped.append(each.rank)
                case Closed():
                    self.stopped.append(each.rank)
                case Event():
                    pass

    def _judged(self, name: str) -> ProbeResult | None:
        """Return how a probe went as far as that is known; of several ranks the first that stopped counts."""
        ended = {rank: event for (probe, rank), event in self.ends.items() if probe == name}
        for rank in self.stopped:
            if rank not in ended:
                return self._died(name, self.gone[rank]) if rank in self.gone else None
            if ended[rank].outcome == "failed":
                return self._failed(ended[rank])
        for event in ended.values():
            if event.outcome == "skipped":
                reason = self._of(event.rank, event.reason or "it cannot run here")
                return ProbeResult(name=name, outcome="skipped", measurements=event.measurements, reason=reason)
        if len(ended) < self.ranks:
            return None
        return ProbeResult(name=name, outcome="passed", measurements=ended[0].measurements)

    def _failed(self, event: Event) -> ProbeResult:
        return ProbeResult(
            name=event.probe,
            outcome="failed",
            measurements=event.measurements,
            reason=self._of(event.rank, event.reason or "it failed"),
            detail=f"{self.children.output(event.rank)}\n{event.detail}".strip(),
        )

    def _died(self, name: str, gone: Gone) -> ProbeResult:
        output = self.children.output(gone.rank)
        where, told = said.whereabouts(output), said.telling(output)
        how = f"the process {gone.how} before the probe ended"
        reason = how + (f", at {where}" if where else "") + (f": {told}" if told else "")
        return ProbeResult(name=name, outcome="failed", reason=self._of(gone.rank, reason), detail=output.strip())

    def _hung(self, name: str, seconds: float) -> ProbeResult:
        silent = [rank for rank in range(self.ranks) if (name, rank) not in self.ends]
        self.children.ask_where(silent)
        outputs = [self.children.output(rank) for rank in silent]
        where = said.whereabouts(outputs[0])
        who = "it" if self.ranks == 1 else f"rank {', '.join(map(str, silent))}"
        reason = f"{who} did not come back within {seconds:g} seconds" + (f", at {where}" if where else "")
        return ProbeResult(name=name, outcome="failed", reason=reason, detail="\n".join(outputs).strip())

    def _of(self, rank: int, reason: str) -> str:
        return reason if self.ranks == 1 else f"rank {rank}: {reason}"
