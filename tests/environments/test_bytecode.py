"""The target's interpreter runs what the source says, whatever bytecode lay beside it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.environments.conftest import UV_ONLY, Wheel
from tests.environments.environment import APPLY, REVERT, Environment
from tests.environments.installers import Installer, Uv, plain_environ
from tests.environments.wheel import EMPTY_CACHE, FILES, LOCAL_RANK, WORLD_SIZE

pytestmark = pytest.mark.real

LEVELS = ((), ("-O",), ("-OO",))
MODES = ("timestamp", "checked-hash", "unchecked-hash")


class Interpreter:
    """The target's interpreter, which writes and trusts bytecode."""

    def __init__(self, target: Environment, published: Environment, applied: Environment) -> None:
        self.target = target
        self.published = published
        self.applied = applied

    def runs_published_code(self, *level: str) -> bool:
        return self._ask(level) == {"local_rank": 1, "from": [[str(self.published.site)]] * 3}

    def runs_patched_code(self, *level: str) -> bool:
        return self._ask(level) == {"local_rank": 0, "from": [[str(self.applied.site)]] * 3}

    def compile(self, mode: str) -> None:
        levels = ("-o", "0", "-o", "1", "-o", "2")
        self._run("-m", "compileall", "-q", "-f", *levels, "--invalidation-mode", mode, self.target.site / "vllm")
        assert len(self.bytecode()) == 9

    def bytecode(self) -> list[Path]:
        """Return the bytecode of the patched files."""
        return [path for file in FILES for path in (self.target.site / file).parent.glob(f"*/{Path(file).stem}.*.pyc")]

    def _ask(self, level: tuple[str, ...]) -> dict[str, object]:
        child = Path(__file__).with_name("started_by_target.py")
        folders = (self.target.site, self.published.site, self.applied.site)
        files = (LOCAL_RANK, WORLD_SIZE, EMPTY_CACHE)
        answer: dict[str, object] = json.loads(self._run(*level, child, *folders, *files))
        return answer

    def _run(self, *arguments: str | Path) -> str:
        command = [self.target.python, *arguments]
        finished = subprocess.run(command, check=False, capture_output=True, text=True, env=plain_environ(), timeout=60)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout


@pytest.fixture
def interpreter(environment: Environment, published: Environment, applied: Environment) -> Interpreter:
    return Interpreter(environment, published, applied)


@UV_ONLY
@pytest.mark.parametrize("mode", MODES)
def test_compiled_by_hand(interpreter: Interpreter, environment: Environment, mode: str) -> None:
    interpreter.compile(mode)
    assert all(interpreter.runs_published_code(*level) for level in LEVELS)
    environment.patch(*APPLY)
    assert interpreter.bytecode() == []
    assert all(interpreter.runs_patched_code(*level) for level in LEVELS)
    interpreter.compile(mode)
    assert all(interpreter.runs_patched_code(*level) for level in LEVELS)
    environment.patch(*REVERT)
    assert interpreter.bytecode() == []
    assert all(interpreter.runs_published_code(*level) for level in LEVELS)


def test_compiled_by_the_installer(
    interpreter: Interpreter, environment: Environment, installer: Installer, wheel: Wheel
) -> None:
    if isinstance(installer, Uv):
        installer.install(environment, wheel("0.7.2"), "--reinstall", "--compile-bytecode")
    assert len(interpreter.bytecode()) == 3
    assert interpreter.runs_published_code()
    environment.patch(*APPLY)
    assert interpreter.runs_patched_code()
    environment.patch(*REVERT)
    assert interpreter.runs_published_code()


@UV_ONLY
def test_without_the_doctor_the_old_code_would_run(
    interpreter: Interpreter, environment: Environment, applied: Environment
) -> None:
    interpreter.compile("unchecked-hash")
    for file in FILES:
        environment.write(file, applied.read(file))
    assert interpreter.runs_published_code()
    for bytecode in interpreter.bytecode():
        bytecode.unlink()
    assert interpreter.runs_patched_code()
