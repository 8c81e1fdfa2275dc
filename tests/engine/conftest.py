"""A real vLLM for CPUs: the interpreter of its environment, and an engine that it runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine import environment
from tests.engine.served import ServedEngine

Transformers = Callable[[str], Path]
Starter = Callable[[str], ServedEngine]


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter of an environment with vLLM for CPUs."""
    with _skipping():
        return environment.engine()


@pytest.fixture(scope="session")
def transformers() -> Transformers:
    """`transformers("4.48.0")`: the interpreter of an environment with that release."""

    def make(version: str) -> Path:
        with _skipping():
            return environment.transformers(version)

    return make


@pytest.fixture(scope="session")
def start(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """`start("float32")`: an engine of that type; the one before it ends."""
    running: dict[str, ServedEngine] = {}

    def switch(dtype: str) -> ServedEngine:
        if dtype not in running:
            for other in list(running):
                running.pop(other).close()
            running[dtype] = ServedEngine(python, dtype, tmp_path_factory.mktemp(dtype))
        return running[dtype]

    yield switch
    for engine in running.values():
        engine.close()


@pytest.fixture
def engine(start: Starter) -> ServedEngine:
    """An engine in bfloat16 with version 1 of the weights, as if nothing had been asked of it."""
    engine = start("bfloat16")
    engine.restore()
    return engine


@contextmanager
def _skipping() -> Iterator[None]:
    try:
        yield
    except environment.NotMadeError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
