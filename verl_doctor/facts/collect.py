"""Runs every collector, each with its deadline; none can stop the others."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from threading import Event, Thread
from time import monotonic
from typing import Any

from verl_doctor.errors import one_line
from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.snapshot import Facts
from verl_doctor.host import Host
from verl_doctor.model import NOT_ASKED, Unavailable
from verl_doctor.target import Target


@dataclass(slots=True)
class _Task:
    """One collector at work. The thread is a daemon: one that never returns does not keep the doctor alive."""

    name: str
    collect: Callable[..., Any]
    deadline: float
    needs: tuple[str, ...]
    answer: Any = None
    done: Event = field(default_factory=Event)

    def run(self, known: Mapping[str, Any]) -> None:
        """Put the fact, or why it could not be had, into `answer`."""
        try:
            self.answer = self.collect(**{name: known[name] for name in self.needs})
        except (OSError, MissingFactError) as error:
            self.answer = Unavailable(str(error))
        except BaseException as error:  # noqa: BLE001 - a collector that breaks must not stop the others
            self.answer = Unavailable(f"the collector broke: {one_line(error)}")
        self.done.set()

    def result(self, until: float) -> Any:
        """Return the fact, waiting for it until that moment."""
        if self.done.wait(max(0.0, until - monotonic())):
            return self.answer
        return Unavailable(f"no answer within {self.deadline:g} seconds")


def collect(host: Host, target: Target, only: Collection[str] | None = None) -> Facts:
    """Return the facts about this node and target: all that take no import, or `only` those named and their needs.

    A collector is the function `collect` of the module named as the field of `Facts`. Its parameters say what
    it needs: `host`, `target`, or what other collectors found, after which it then runs.
    """
    names = tuple(fact.name for fact in fields(Facts) if fact.default is not NOT_ASKED)
    known: dict[str, Any] = {"host": host, "target": target}
    waiting = _tasks({name for name in names if name != "target" and (only is None or name in only)})
    while waiting:
        ready = [task for task in waiting if all(need in known for need in task.needs)]
        waiting = [task for task in waiting if task not in ready]
        started = monotonic()
        for task in ready:
            if missing := next((n for n in task.needs if isinstance(known[n], Unavailable)), None):
                task.answer = Unavailable(f"{missing}: {known[missing].reason}")
                task.done.set()
            else:
                Thread(target=task.run, args=(dict(known),), daemon=True, name=task.name).start()
        for task in ready:
            known[task.name] = task.result(started + task.deadline)
    return Facts(**{name: known.get(name, NOT_ASKED) for name in names})


def _tasks(names: set[str]) -> list[_Task]:
    """Return the collectors of these names and, again, of what they need."""
    tasks: dict[str, _Task] = {}
    while missing := names - tasks.keys():
        tasks.update({name: _task(name) for name in missing})
        names = {need for task in tasks.values() for need in task.needs} - {"host", "target"}
    return list(tasks.values())


def _task(name: str) -> _Task:
    module = importlib.import_module(f"verl_doctor.facts.{name}")
    code = module.collect.__code__
    return _Task(name, module.collect, module.DEADLINE, code.co_varnames[: code.co_argcount])
