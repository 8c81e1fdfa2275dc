"""Sixteen processes that apply and revert at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cli.doctor import doctor
from tests.environments.conftest import UV_ONLY
from tests.environments.environment import APPLY, REVERT, Environment, contents

pytestmark = [pytest.mark.real, UV_ONLY]

MODES = (APPLY, REVERT) * 8


def test_all_or_nothing(environment: Environment, published: Environment, applied: Environment) -> None:
    start = threading.Barrier(len(MODES))

    def run(mode: tuple[str, ...]) -> None:
        start.wait()
        finished = doctor("patch", *mode, "--python", environment.python)
        assert finished.returncode == 0, finished.stderr

    with ThreadPoolExecutor(len(MODES)) as pool:
        list(pool.map(run, MODES))

    is_patched = environment.files() == applied.files()
    assert is_patched or environment.files() == published.files()
    assert environment.words() == ["applied" if is_patched else "to be applied"] * 3
    assert environment.disagreements_with_record() == []
    assert environment.traces() == (applied.traces() if is_patched else [])
    environment.patch(*REVERT)
    assert contents(environment.photograph()) == contents(published.photograph())
