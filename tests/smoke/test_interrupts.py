"""Signals to the parent: heard as Ctrl-C is, not in the middle of what has to be whole, and undone afterwards."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from verl_doctor.smoke import interrupts

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in ENDING]


@pytest.fixture(autouse=True)
def as_at_the_start() -> Iterator[None]:
    """The handlers of a fresh Python; what a test leaves must be the same."""
    before = handlers()
    assert before == [signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL]
    yield
    assert handlers() == before


@pytest.mark.parametrize("number", ENDING)
def test_what_ends_a_program_is_raised(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), interrupts.raised():
        signal.raise_signal(number)


@pytest.mark.parametrize("number", ENDING)
def test_what_is_held_back_is_raised_after_the_block(number: signal.Signals) -> None:
    done = []

    def interrupted() -> None:
        with interrupts.raised(), interrupts.held_back():
            signal.raise_signal(number)
            signal.raise_signal(number)
            done.append("block")
        done.append("more")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["block"]


def test_what_is_held_back_is_raised_also_where_the_block_fails() -> None:
    def interrupted() -> None:
        with interrupts.held_back():
            signal.raise_signal(signal.SIGINT)
            raise ZeroDivisionError

    with pytest.raises(KeyboardInterrupt) as caught:
        interrupted()
    assert isinstance(caught.value.__context__, ZeroDivisionError)


def test_nothing_came() -> None:
    with interrupts.raised(), interrupts.held_back():
        assert signal.SIG_DFL not in handlers()


def test_of_several_the_first_is_raised() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with interrupts.held_back():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.raised(), interrupts.held_back():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_someone_else_handles_is_theirs() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with interrupts.raised():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_another_thread_than_the_main_one_changes_nothing() -> None:
    seen: list[object] = []

    def look() -> None:
        with interrupts.raised(), interrupts.held_back():
            seen.extend(handlers())

    thread = threading.Thread(target=look)
    before = handlers()
    thread.start()
    thread.join()
    assert seen == before
