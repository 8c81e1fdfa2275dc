"""A run is killed, then uv or pip uninstalls or upgrades vLLM: nothing is left of either after the next run."""

from __future__ import annotations

import pytest

from tests.environments.conftest import Wheel
from tests.environments.environment import APPLY, REVERT, STATUS, Environment, contents
from tests.environments.installers import Installer
from tests.environments.wheel import FILES, NAMES
from tests.patching.writing.test_faults import FaultyDisk, Killed

pytestmark = pytest.mark.real

WHEN = pytest.mark.parametrize("share", [0.0, 0.3, 0.55, 0.75, 0.95])


def _killed(environment: Environment, share: float) -> None:
    """Kill a run when that share of it is done."""
    whole = FaultyDisk({})
    environment.copy(environment.prefix.with_name("whole")).apply(*NAMES, disk=whole)
    with pytest.raises(Killed):
        environment.apply(*NAMES, disk=FaultyDisk({1 + int(whole.steps * share): Killed}))


@WHEN
def test_uninstalled(environment: Environment, installer: Installer, share: float) -> None:
    reference = environment.copy(environment.prefix.with_name("reference"))
    installer.uninstall(reference)
    _killed(environment, share)
    installer.uninstall(environment)
    assert environment.patch(*STATUS).stdout.splitlines()[1].startswith("not installed ")
    environment.patch(*REVERT)
    assert environment.traces() == []
    assert environment.photograph().keys() == reference.photograph().keys()


@WHEN
def test_upgraded(
    environment: Environment, fixed_upstream: Environment, installer: Installer, wheel: Wheel, share: float
) -> None:
    _killed(environment, share)
    installer.install(environment, wheel("0.7.3"))
    assert environment.patch(*STATUS).stdout.count("not needed") == len(FILES)
    environment.patch(*APPLY)
    assert contents(environment.photograph()).keys() == contents(fixed_upstream.photograph()).keys()
    assert environment.files() == fixed_upstream.files()
    assert environment.disagreements_with_record() == []
