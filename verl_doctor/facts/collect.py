"""Runs every collector, each with its deadline; none can stop the others.

Collectors that wait for a program or a driver (`WAITS` in their module) run beside the others. Those that only read
files take turns, because threads that read at once hinder each other more than they gain; one that is slow, on a file
system that hangs, keeps the others back for no longer than its turn.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Final

from verl_doctor.errors import one_line
from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.snapshot import Facts
from verl_doctor.host import Host
from verl_doctor.model import NOT_ASKED, Unavailable
from verl_doctor.target import Target

_TURN: Final = 0.25
"""Seconds for which a collector reads alone."""


@dataclass(slots=True, eq=False)
class _Task:
    """One collector. Its thread is a daemon: one that never returns does not keep the doctor alive."""

    name: str
    collect: Callable[..., Any]
    deadline: float
    needs: tuple[str, ...]
    waits: bool = False
    answer: Any = None
    began: float = 0.0

    def start(self, known: Mapping[str, Any], finished: SimpleQueue[_Task]) -> None:
        """Begin with what is known; the task is put into `finished` with its answer."""
        self.began = monotonic()
        needed = {name: known[name] for name in self.needs}
        Thread(target=self._run, args=(needed, finished), daemon=True, name=self.name).start()

    def _run(self, needed: Mapping[str, Any], finished: SimpleQueue[_Task]) -> None:
        """Put the fact, or why it could not be had, into `answer`."""
        try:
            self.answer = self.collect(**needed)
        except (OSError, MissingFactError) as error:
            self.answer = Unavailable(str(error))
        except BaseException as error:  # noqa: BLE001 - a collector that breaks must not stop the others
            self.answer = Unavailable(f"the collector broke: {one_line(error)}")
        finished.put(self)

    @property
    def turn(self) -> float:
        """The moment until which it reads alone."""
        return self.began if self.waits else self.began + min(_TURN, self.deadline)

    @property
    def end(self) -> float:
        """The moment until which its answer is waited for."""
        return self.began + self.deadline


def collect(host: Host, target: Target, only: Collection[str] | None = None) -> Facts:
    """Return the facts about this node and target: all that take no import, or `only` those named and their needs.

    A collector is the function `collect` of the module named as the field of `Facts`. Its parameters say what
    it needs: `host`, `target`, or what other collectors found, after which it then runs.
    """
    names = tuple(fact.name for fact in fields(Facts) if fact.default is not NOT_ASKED)
    known: dict[str, Any] = {"host": host, "target": target}
    waiting = _tasks({name for name in names if name != "target" and (only is None or name in only)})
    running: list[_Task] = []
    finished: SimpleQueue[_Task] = SimpleQueue()
    while waiting or running:
        for task in [task for task in waiting if all(need in known for need in task.needs)]:
            if missing := next((n for n in task.needs if isinstance(known[n], Unavailable)), None):
                known[task.name] = Unavailable(f"{missing}: {known[missing].reason}")
            elif task.waits or all(other.turn <= monotonic() for other in running):
                task.start(known, finished)
                running.append(task)
            else:
                continue
            waiting.remove(task)
        running = _still_running(running, known, finished)
    return Facts(**{name: known.get(name, NOT_ASKED) for name in names})


def _still_running(running: list[_Task], known: dict[str, Any], finished: SimpleQueue[_Task]) -> list[_Task]:
    """Wait until a task is done, or its turn or its time is over; add to what is known, return those that are left."""
    now = monotonic()
    moments = [task.turn if task.turn > now else task.end for task in running]
    try:
        done = finished.get(timeout=max(0.0, min(moments) - now)) if running else None
    except Empty:
        done = None
    now = monotonic()
    for task in running:
        if task is done:
            known[task.name] = task.answer
        elif task.end <= now:
            known[task.name] = Unavailable(f"no answer within {task.deadline:g} seconds")
    return [task for task in running if task.name not in known]


def _tasks(names: set[str]) -> list[_Task]:
    """Return the collectors of these names and, again, of what they need."""
    tasks: dict[str, _Task] = {}
    while missing := names - tasks.keys():
        tasks.update({name: _task(name) for name in missing})
        names = {need for task in tasks.values() for need in task.needs} - {"host", "target"}
    return sorted(tasks.values(), key=lambda task: (not task.waits, task.name))


def _task(name: str) -> _Task:
    module = importlib.import_module(f"verl_doctor.facts.{name}")
    code = module.collect.__code__
    needs = code.co_varnames[: code.co_argcount]
    return _Task(name, module.collect, module.DEADLINE, needs, waits=getattr(module, "WAITS", False))
