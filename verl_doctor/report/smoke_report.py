"""A smoke test as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from verl_doctor.facts.patches import PatchState
from verl_doctor.model import Verdict
from verl_doctor.report.hang import hang
from verl_doctor.report.head import head
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.probes import PROBES
from verl_doctor.smoke.run import ProbeResult
from verl_doctor.smoke.sessions import BENCH, Device
from verl_doctor.smoke.trouble import known
from verl_doctor.target import Target

_SENTENCES: Final = {
    Verdict.HEALTHY: "verl's rollouts work on this node: every probe that could run passed ({tried} of {all}).",
    Verdict.BROKEN: "verl's rollouts do not work here as it is: {failed} of {tried} probes failed, first {first}.",
    Verdict.UNKNOWN: "Whether verl's rollouts work on this node was not seen: no rollout could be tried.",
}

_ON_A_CPU: Final = "The installed vLLM answers right on this node's CPU; what needs a GPU was not tried."

_OUTCOME: Final = 9
"""The width of the column with the outcomes."""


def line(result: ProbeResult, width: int | None = None, *, is_own: bool = False) -> str:
    """Return the line for one probe, of a user's own model or not, with the reason below it where it did not pass."""
    start = f"{result.outcome:<{_OUTCOME}}{result.name:<26}{result.seconds:>6.1f} s  "
    text = hang(f"{start}{PROBES[result.name].shown(is_own=is_own)}", len(start), width) + "\n"
    return text + (hang(f"{'':<{_OUTCOME}}{result.reason}", _OUTCOME, width) + "\n" if result.reason else "")


def summary(test: SmokeTest, target: Target, width: int | None = None) -> str:
    """Return what follows the lines of the probes: measurements, patches, known failures, and one sentence."""
    return "".join(hang(paragraph, 0, width) + "\n" for paragraph in _summary(test, target))


def _summary(test: SmokeTest, target: Target) -> Iterator[str]:
    for result in test.results:
        if missing := test.missing(result):
            yield ""
            yield f"{result.name} fails without what a patch changes. `{_apply(missing, target)}` applies it."
        elif result.outcome == "failed" and (failure := known(result)):
            yield ""
            yield f"{result.name} looks like {failure}: `verl-doctor check` tells how it is cured."
    if test.decoding_gain:
        yield ""
        yield f"Decoding one sequence with CUDA graphs is {test.decoding_gain} times as fast as without."
    if test.bench_gain:
        speeds = {result.name: result.measurements.get("tokens_per_second") for result in test.results}
        fast, slow = (speeds[name] for name in BENCH)
        yield ""
        yield f"A batch makes {fast} tokens a second with CUDA graphs and {slow} without: {test.bench_gain} times."
    applied = [name for name, state in test.patches.items() if state.state == "applied"]
    if applied:
        yield ""
    for name in applied:
        yield f"Patch {test.patches[name].id} {name} is applied; its effect is {test.proof(name)}."
    yield ""
    yield f"{test.verdict.value.upper()}  {_sentence(test)} ({test.seconds:.0f} s)"


def _sentence(test: SmokeTest) -> str:
    """Return what a manager wants to know."""
    if test.verdict is Verdict.HEALTHY and test.device is Device.CPU:
        return _ON_A_CPU
    failed = [result.name for result in test.results if result.outcome == "failed"]
    tried = sum(result.outcome != "skipped" for result in test.results)
    first = failed[0] if failed else ""
    return _SENTENCES[test.verdict].format(failed=len(failed), tried=tried, all=len(test.results), first=first)


def _apply(missing: tuple[PatchState, ...], target: Target) -> str:
    return f"verl-doctor patch --apply {' '.join(state.id for state in missing)} {target.options}"


def render(test: SmokeTest, target: Target) -> str:
    """Return the smoke test as one JSON object."""
    return json.dumps(document(test, target), indent=2) + "\n"


def document(test: SmokeTest, target: Target) -> dict[str, Any]:
    """Return the smoke test as plain values."""
    plain: dict[str, Any] = {
        **head(target),
        "level": test.level.value,
        "device": test.device.value,
        "model": str(test.model) if test.model else None,
        "verdict": test.verdict.value,
        "seconds": round(test.seconds, 3),
        "probes": [_plain(result, test.missing(result), target) for result in test.results],
        "patches": [
            {"id": state.id, "name": name, "state": state.state, "effect": test.proof(name)}
            for name, state in test.patches.items()
            if state.state in {"applied", "applicable"}
        ],
    }
    gains = {"graphs_gain": test.decoding_gain, "bench_gain": test.bench_gain}
    plain |= {name: gain for name, gain in gains.items() if gain}
    return {**plain, "exit_code": test.exit_code}


def _plain(result: ProbeResult, missing: tuple[PatchState, ...], target: Target) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": result.name,
        "outcome": result.outcome,
        "seconds": round(result.seconds, 3),
        "measurements": dict(result.measurements),
        "proves": list(result.proves),
    }
    if result.reason:
        plain["reason"] = result.reason
    if result.outcome == "failed":
        plain |= {"known_failure": known(result), "detail": result.detail[-4000:]}
    if missing:
        plain["command"] = _apply(missing, target)
    return plain
