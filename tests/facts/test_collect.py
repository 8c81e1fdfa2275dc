"""Running the collectors: each with its deadline, none able to stop the others."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts import collect as module
from verl_doctor.facts.collect import collect
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.missing import MissingFactError
from verl_doctor.model import NOT_ASKED, Unavailable
from verl_doctor.target import Target

SITE = "/venv/lib/python3.12/site-packages"
TARGET = Target(python="/venv/bin/python", prefix="/venv", version="3.12.3", kind="venv", search_path=(SITE,))
FILES = {f"{SITE}/six-1.17.0.dist-info/METADATA": "Name: six\nVersion: 1.17.0\n"}


def replace_collector(monkeypatch: pytest.MonkeyPatch, name: str, function: Any, deadline: float = 5.0) -> None:
    """Put another function in the place of a collector, as `_task` would describe it."""
    original = module._task

    def task(asked: str) -> Any:
        if asked != name:
            return original(asked)
        return module._Task(name, function, deadline, function.__code__.co_varnames[: function.__code__.co_argcount])

    monkeypatch.setattr(module, "_task", task)


def test_a_bare_machine() -> None:
    facts = collect(FakeHost(files=FILES), TARGET)
    assert isinstance(facts.packages, Mapping)
    assert facts.packages["six"].version == "1.17.0"
    assert facts.torch == Unavailable("torch is not installed")
    assert isinstance(facts.driver, Driver)
    assert (facts.driver.state, facts.gpus) == ("absent", ())


def test_a_collector_that_breaks_or_hangs_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(host: FakeHost) -> None:
        raise ZeroDivisionError(host.machine)

    never = threading.Event()

    def hangs(host: FakeHost) -> None:
        del host
        never.wait()

    replace_collector(monkeypatch, "packages", broken)
    replace_collector(monkeypatch, "limits", hangs, deadline=0.05)
    facts = collect(FakeHost(files=FILES), TARGET)
    never.set()
    assert facts.packages == Unavailable("the collector broke: ZeroDivisionError: x86_64")
    assert facts.limits == Unavailable("no answer within 0.05 seconds")
    assert facts.torch == Unavailable("packages: the collector broke: ZeroDivisionError: x86_64")
    assert isinstance(facts.driver, Driver)


def test_only_what_is_asked_for_and_what_that_needs() -> None:
    host = FakeHost(files={**FILES, "/usr/local/cuda/bin/nvcc": ""})
    facts = collect(host, TARGET, only={"torch"})
    assert facts.torch == Unavailable("torch is not installed")
    assert facts.toolkit == NOT_ASKED
    assert isinstance(facts.packages, Mapping)
    assert host.started == []


def test_an_unreadable_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(host: FakeHost) -> bytes:
        return host.read(Path("/secret"))

    replace_collector(monkeypatch, "node", denied)
    facts = collect(FakeHost(files=FILES, denied=frozenset({"/secret"})), TARGET)
    assert facts.node == Unavailable("[Errno 13] Permission denied: '/secret'")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(MissingFactError("no torch here"), "no torch here", id="missing"),
        pytest.param(KeyError("x"), "the collector broke: KeyError: 'x'", id="key"),
        pytest.param(IndexError(), "the collector broke: IndexError", id="no-arguments"),
        pytest.param(KeyboardInterrupt(), "the collector broke: KeyboardInterrupt", id="no-exception"),
    ],
)
def test_what_is_missing_differs_from_what_broke(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, reason: str
) -> None:
    def fails(host: FakeHost) -> None:
        del host
        raise error

    replace_collector(monkeypatch, "node", fails)
    assert collect(FakeHost(files=FILES), TARGET).node == Unavailable(reason)


def test_one_collector_reads_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[str] = []
    seen: list[tuple[str, ...]] = []

    def look(name: str) -> Any:
        def collector(host: FakeHost) -> str:
            at_work.append(name)
            host.read(Path(f"{SITE}/six-1.17.0.dist-info/METADATA"))
            seen.append(tuple(at_work))
            at_work.remove(name)
            return name

        return collector

    names = ("limits", "disks", "node", "env")
    original = module._task
    monkeypatch.setattr(
        module,
        "_task",
        lambda name: module._Task(name, look(name), 5.0, ("host",)) if name in names else original(name),
    )
    facts = collect(FakeHost(files=FILES), TARGET, only=set(names))
    assert sorted(seen) == sorted((name,) for name in names)
    assert [getattr(facts, name) for name in names] == list(names)


def test_one_that_hangs_keeps_the_others_for_its_turn_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TURN", 0.01)
    others_are_done = threading.Event()

    def hangs(host: FakeHost) -> str:
        del host
        assert others_are_done.wait(60)
        return "in the end"

    def comes_after(host: FakeHost) -> str:
        del host
        others_are_done.set()
        return "in time"

    replace_collector(monkeypatch, "disks", hangs, deadline=60)
    replace_collector(monkeypatch, "limits", comes_after)
    facts = collect(FakeHost(files=FILES), TARGET, only={"disks", "limits"})
    found: tuple[Any, ...] = (facts.disks, facts.limits)
    assert found == ("in the end", "in time")


def test_one_that_waits_for_a_program_keeps_nobody_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TURN", 60)
    read = threading.Event()

    def waits(host: FakeHost) -> bool:
        del host
        return read.wait(60)

    def reads(host: FakeHost) -> str:
        del host
        read.set()
        return "read"

    original = module._task
    tasks = {
        "toolkit": module._Task("toolkit", waits, 60, ("host",), waits=True),
        "limits": module._Task("limits", reads, 60, ("host",)),
    }
    monkeypatch.setattr(module, "_task", lambda name: tasks.get(name) or original(name))
    facts = collect(FakeHost(files=FILES), TARGET, only={"toolkit", "limits"})
    found: tuple[Any, ...] = (facts.toolkit, facts.limits)
    assert found == (True, "read")
