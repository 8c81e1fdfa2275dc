"""What becomes of the files when a run does not come to its end."""

from __future__ import annotations

import tempfile
from collections import Counter
from itertools import count
from pathlib import Path

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell
from benchmarks.filesystems.condition import NEW, OLD, condition
from benchmarks.filesystems.question import question
from benchmarks.filesystems.site import Ask, Site
from benchmarks.filesystems.stepped import killed


@question("killed")
def killed_anywhere(site: Site) -> Cell:
    """A run that applies or reverts is killed (SIGKILL) before one of its operations on the disk, each in turn.

    The next run, on the other node where there are two, leaves exactly the old or exactly the new installation:
    applying the new one, reverting the old one. With two nodes, and where `--at` was given, every fourth operation.
    """
    with tempfile.TemporaryDirectory() as logs:
        wrong: Counter[str] = Counter()
        stops = sum(_sweep(site, Path(logs), is_apply=is_apply, wrong=wrong) for is_apply in (True, False))
    at = f"killed at {stops} places"
    return Cell("no" if wrong else "yes", f"{at}; wrong: {told(wrong)}" if wrong else at)


def _sweep(site: Site, logs: Path, *, is_apply: bool, wrong: Counter[str]) -> int:
    """Kill a command before one operation after another; the next run is in turn the same command and the other."""
    apply, revert = site.tool.apply, site.tool.revert
    ask = apply if is_apply else revert
    case = Case(site.tool)
    for stops, number in enumerate(count(1, site.system.every)):
        _bring(site, case, revert if is_apply else apply)
        ran = killed(site.command(ask, case), number, logs)
        if ran.code == 0:
            return stops
        following = apply if stops % 2 else revert
        after = site.run(following, case, node=len(site.mounted.nodes) - 1)
        found = condition(case)
        if after.code or found != (NEW if following == apply else OLD):
            wrong[
                f"{'apply' if is_apply else 'revert'} at {number}, then exit {after.code}, {found} {said(after.output)}"
            ] += 1
    raise AssertionError("it never ends")


def _bring(site: Site, case: Case, ask: Ask) -> None:
    """Bring an installation into the state from which a run is killed."""
    ran = site.run(ask, case)
    if ran.code:
        raise RuntimeError(f"{site.system.name}: {ran.output}")


def said(output: str) -> str:
    """Return the last line of an output, in brackets."""
    last = output.strip().splitlines()[-1:]
    return f"({last[0]})" if last else ""


def told(wrong: Counter[str]) -> str:
    """List what was wrong, with how often."""
    return "; ".join(f"{number} x {words}" for words, number in wrong.items())
