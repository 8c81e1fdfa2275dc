"""What becomes of the files when a run does not come to its end."""

from __future__ import annotations

import tempfile
from collections import Counter
from itertools import count
from pathlib import Path

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell
from benchmarks.filesystems.condition import NEW, OLD
from benchmarks.filesystems.question import question
from benchmarks.filesystems.site import Ask, Site
from benchmarks.filesystems.stepped import killed, operations


@question("killed")
def killed_anywhere(site: Site) -> Cell:
    """A run that applies or reverts is killed (SIGKILL) before one of its operations on the disk, each in turn.

    The next run leaves exactly the old or exactly the new installation: applying the new one, reverting the old one.
    With two nodes, and where `--at` was given, before some of them only.
    """
    with tempfile.TemporaryDirectory() as logs:
        wrong: Counter[str] = Counter()
        stops = sum(_sweep(site, Path(logs), is_apply=is_apply, wrong=wrong) for is_apply in (True, False))
    return _told(stops, wrong)


@question("killed, then the other node", nodes=2)
def killed_then_other_node(site: Site) -> Cell:
    """A run that applies is killed on one node; the next run, on the other, leaves exactly the old or the new one."""
    wrong: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as logs:
        total = operations(site.command(site.tool.apply, Case(site.tool)), Path(logs) / "all")
        numbers = range(1, total + 1, 2 * site.system.every)
        for stops, number in enumerate(numbers):
            case = Case(site.tool)  # of which the other node has cached nothing
            killed(site.command(site.tool.apply, case), number, Path(logs))
            following = (site.tool.revert, site.tool.apply)[stops % 2]
            wrong += _judged(site, case, following, node=1, words=f"apply at {number}")
    return _told(len(numbers), wrong)


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
        words = f"{'apply' if is_apply else 'revert'} at {number}"
        wrong += _judged(site, case, following, node=0, words=words)
    raise AssertionError("it never ends")


def _judged(site: Site, case: Case, ask: Ask, node: int, words: str) -> Counter[str]:
    """Let the next run do its work; return what is wrong then."""
    ran = site.run(ask, case, node)
    found = site.condition(case)
    if ran.code == 0 and found == (NEW if ask == site.tool.apply else OLD):
        return Counter()
    return Counter([f"{words}, then exit {ran.code}, {found} {said(ran.output)}"])


def _told(stops: int, wrong: Counter[str]) -> Cell:
    at = f"killed at {stops} places"
    return Cell("no" if wrong else "yes", f"{at}; wrong: {told(wrong)}" if wrong else at)


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
