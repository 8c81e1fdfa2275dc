"""Reinstalling and upgrading a patched vLLM: the state is that of the files, and nothing stays of the old patch."""

from __future__ import annotations

import pytest

from tests.environments.conftest import Wheel
from tests.environments.environment import APPLY, REVERT, Environment, contents
from tests.environments.installers import Installer
from tests.environments.wheel import FILES

pytestmark = pytest.mark.real


def test_reinstall(patched: Environment, published: Environment, installer: Installer, wheel: Wheel) -> None:
    installer.reinstall(patched, wheel("0.7.2"))
    assert patched.words() == ["to be applied"] * 3
    _assert_nothing_is_left_but(published, patched)
    reinstalled = contents(patched.photograph())
    assert patched.changed(*REVERT) == []
    assert patched.changed(*APPLY) == list(FILES)
    assert patched.disagreements_with_record() == []
    patched.patch(*REVERT)
    assert contents(patched.photograph()) == reinstalled


def test_upgrade(patched: Environment, fixed_upstream: Environment, installer: Installer, wheel: Wheel) -> None:
    installer.install(patched, wheel("0.7.3"))
    assert patched.words() == ["not needed"] * 3
    _assert_nothing_is_left_but(fixed_upstream, patched)
    assert patched.changed(*REVERT) == []


def _assert_nothing_is_left_but(fresh: Environment, patched: Environment) -> None:
    assert contents(patched.photograph()).keys() == contents(fresh.photograph()).keys()
    assert patched.files() == fresh.files()
    assert patched.disagreements_with_record() == []
    assert list(patched.prefix.rglob("*verl-doctor*")) == []
