"""An uninstall takes along what a patch wrote."""

from __future__ import annotations

import pytest

from tests.environments.environment import Environment
from tests.environments.installers import Installer

pytestmark = pytest.mark.real


def test_it_leaves_what_it_leaves_without_patches(
    environment: Environment, patched: Environment, installer: Installer
) -> None:
    installer.uninstall(environment)
    installer.uninstall(patched)
    assert patched.photograph().keys() == environment.photograph().keys()
    assert [path for path in patched.photograph() if path.startswith("vllm")] == []
    assert list(patched.prefix.rglob("*verl-doctor*")) == []
