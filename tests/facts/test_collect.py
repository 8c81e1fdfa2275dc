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
