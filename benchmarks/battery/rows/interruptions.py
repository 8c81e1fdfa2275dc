"""What becomes of the three files when a run is not alone, or does not come to its end."""

from __future__ import annotations

from collections import Counter
from subprocess import TimeoutExpired

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell, row
from benchmarks.battery.running import DEADLINE, started
from benchmarks.battery.stops import Standing, stops
from benchmarks.battery.tool import Tool

PATIENCE = 1.5
"""Seconds for a second writer to end while the first stands still; then it is taken to be waiting for it."""


@row("two writers at once")
def two_writers(tool: Tool) -> Cell:
    """The first stands still where it touches a file, a second runs, the first goes on: all patched, one says so."""
    codes: Counter[tuple[int, int]] = Counter()
    wrong: Counter[str] = Counter()
    for case, standing in stops(tool):
        both = _both(case, standing)
        codes[both] += 1
        seen = case.look()
        if 0 not in both or not seen.is_patched:
            wrong[f"exit {both[0]} and {both[1]}, {seen.words()}"] += 1
    if wrong:
        return Cell("no", f"stopped at {codes.total()} places, of which {_list(wrong)}")
    exits = ", ".join(f"{first} and {second} ({number} x)" for (first, second), number in codes.items())
    return Cell("yes", f"stopped at {codes.total()} places; exit codes of first and second: {exits}")


def _both(case: Case, standing: Standing) -> tuple[int, int]:
    """Run a second writer while the first stands, let the first go on; return their exit codes."""
    with started(case.tool.apply(case.subject)) as second:
        try:
            second.communicate(timeout=PATIENCE)
        except TimeoutExpired:
            first = standing.go_on()
            second.communicate(timeout=DEADLINE)
        else:
            first = standing.go_on()
        return first, second.returncode


@row("killed while applying")
def killed(tool: Tool) -> Cell:
    """Killed (SIGKILL) wherever it opens, writes, renames, links or removes a file, then run again: all are patched."""
    directly: Counter[str] = Counter()
    after: Counter[str] = Counter()
    is_right = True
    for case, standing in stops(tool):
        standing.kill()
        directly[case.look().words()] += 1
        ran = case.apply()
        seen = case.look()
        is_right = is_right and seen.is_patched
        after[f"exit {ran.code}, {seen.words()}"] += 1
    whole = directly["no file changed"] + directly["all files patched"]
    at = f"killed at {directly.total()} places, {directly.total() - whole} of them with half the work done"
    return Cell("yes" if is_right else "no", f"{at}; run again: {_list(after)}")


def _list(wrong: Counter[str]) -> str:
    return "; ".join(f"{number} x {words}" for words, number in wrong.items())
