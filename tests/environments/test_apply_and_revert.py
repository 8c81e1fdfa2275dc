"""Dry run, apply, apply again, status, check and revert, as installed by uv and by pip."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.environments.conftest import UV_ONLY, Wheel
from tests.environments.environment import APPLY, CHECK, DIFF, REVERT, STATUS, Environment, contents
from tests.environments.installers import Installer, plain_environ
from tests.environments.wheel import FILES

pytestmark = pytest.mark.real


def test_the_target_cannot_be_imported(environment: Environment) -> None:
    command = [str(environment.python), "-c", "import vllm"]
    finished = subprocess.run(command, check=False, capture_output=True, text=True, env=plain_environ())
    assert finished.stderr.splitlines()[-1] == "ImportError: this must not be imported"


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        pytest.param(DIFF, 0, id="diff"),
        pytest.param(STATUS, 0, id="status"),
        pytest.param(CHECK, 1, id="check"),
        pytest.param(REVERT, 0, id="nothing to revert"),
    ],
)
def test_nothing_is_written(environment: Environment, mode: tuple[str, ...], code: int) -> None:
    before = environment.photograph()
    environment.patch(*mode, code=code)
    assert environment.photograph() == before


def test_apply_and_revert(environment: Environment) -> None:
    before, published = environment.photograph(), environment.files()
    assert environment.words() == ["to be applied"] * 3

    assert environment.changed(*APPLY) == list(FILES)
    assert all(environment.read(file) != published[file] for file in FILES)
    assert environment.words() == ["applied"] * 3
    between = environment.photograph()
    assert environment.changed(*APPLY) == []
    environment.patch(*CHECK)
    assert environment.photograph() == between

    assert environment.changed(*REVERT) == list(FILES)
    assert environment.words() == ["to be applied"] * 3
    after = environment.photograph()
    assert contents(after) == contents(before)
    assert after.keys() <= before.keys()
    gone = {Path(path).name.partition(".")[0] for path in before.keys() - after.keys()}
    assert gone <= {Path(file).stem for file in FILES}  # bytecode of these, and nothing else
    assert environment.changed(*REVERT) == []
    assert environment.photograph() == after


def test_record_agrees(published: Environment, patched: Environment) -> None:
    assert published.disagreements_with_record() == []
    assert patched.disagreements_with_record() == []
    patched.patch(*REVERT)
    assert patched.disagreements_with_record() == []
    assert (patched.metadata / "RECORD").read_bytes() == (published.metadata / "RECORD").read_bytes()


@UV_ONLY
def test_one_patch_at_a_time(environment: Environment) -> None:
    before = environment.photograph()
    assert environment.changed("--apply", "vllm07-local-rank") == [FILES[1]]
    assert environment.words() == ["to be applied", "applied", "to be applied"]
    assert environment.changed(*APPLY) == [FILES[0], FILES[2]]
    assert environment.changed("--revert", "VDP002") == [FILES[1]]
    assert environment.words() == ["applied", "to be applied", "applied"]
    assert environment.disagreements_with_record() == []
    environment.patch(*REVERT)
    assert contents(environment.photograph()) == contents(before)


@UV_ONLY
@pytest.mark.parametrize("version", ["0.7.0", "0.7.1"])
def test_other_releases_with_the_bugs(installer: Installer, wheel: Wheel, tmp_path: Path, version: str) -> None:
    environment = installer.make(tmp_path / "environment")
    installer.install(environment, wheel(version))
    before = environment.photograph()
    assert environment.changed(*APPLY) == list(FILES)
    assert environment.words() == ["applied"] * 3
    assert environment.disagreements_with_record() == []
    environment.patch(*REVERT)
    assert contents(environment.photograph()) == contents(before)


def test_a_release_without_the_bugs(fixed_upstream: Environment) -> None:
    before = fixed_upstream.photograph()
    assert fixed_upstream.words() == ["not needed"] * 3
    for mode in (APPLY, CHECK, REVERT):
        fixed_upstream.patch(*mode)
    assert fixed_upstream.patch(*DIFF).stdout == ""
    assert fixed_upstream.photograph() == before
