"""A git checkout of vLLM, installed as editable: the checkout is patched, and git sees exactly that."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Release
from tests.environments.environment import APPLY, DIFF, REVERT, Environment
from tests.environments.installers import Installer, Uv, plain_environ
from tests.environments.wheel import FILES, pack

pytestmark = pytest.mark.real

ASYNC_SERVER = "verl/workers/rollout/vllm_rollout/vllm_async_server.py"
PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "vllm"
version = "0.7.2"
"""
BACKEND = """\
import pathlib
import shutil


def build_editable(folder, settings=None, metadata=None):
    [wheel] = pathlib.Path("built").glob("*.whl")
    return pathlib.Path(shutil.copy(wheel, folder)).name
"""


@dataclass(frozen=True)
class Checkout:
    """A git repository with vLLM in it."""

    folder: Path

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
        settings = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        command = ["git", *identity, *arguments]
        environ = {**plain_environ(), **settings}
        return subprocess.run(command, check=True, cwd=self.folder, env=environ, capture_output=True, text=True).stdout

    def files(self) -> dict[str, bytes]:
        return {file: (self.folder / file).read_bytes() for file in FILES}


@pytest.fixture
def checkout(release: Release, tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path / "checkout")
    published = release("vllm", "0.7.2", FILES)
    for file in FILES:
        (made.folder / file).parent.mkdir(parents=True)
        (made.folder / file).write_bytes((published / file).read_bytes())
    (made.folder / "pyproject.toml").write_text(PROJECT)
    (made.folder / "backend.py").write_text(BACKEND)
    (made.folder / "built").mkdir()
    pack(published, {"vllm.pth": f"{made.folder}\n".encode()}, made.folder / "built")
    made.git("init", "--quiet")
    made.git("add", ".")
    made.git("commit", "--quiet", "--message", "vLLM 0.7.2")
    return made


@pytest.fixture
def editable(installer: Installer, checkout: Checkout, tmp_path: Path) -> Environment:
    environment = installer.make(tmp_path / "environment")
    installer.install(environment, checkout.folder, "--no-build-isolation", "--editable")
    assert not (environment.site / "vllm").exists()
    assert '"editable":true' in (environment.metadata / "direct_url.json").read_text().replace(" ", "")
    return environment


def _hunks(diff: str) -> str:
    """Return a diff without what only git adds."""
    ours = re.sub(r"^(diff --git|index) .*\n", "", diff, flags=re.MULTILINE)
    return re.sub(r"^(@@ .* @@).*$", r"\1", ours, flags=re.MULTILINE)


def test_git_sees_the_patch(editable: Environment, checkout: Checkout) -> None:
    published, installed = checkout.files(), editable.photograph()
    ignored = checkout.git("status", "--porcelain", "--ignored")
    where, _, printed = editable.patch(*DIFF).stdout.partition("\n")
    assert where == f"# In {checkout.folder}: git apply, or patch -p1"
    assert checkout.git("status", "--porcelain", "--ignored") == ignored

    editable.patch(*APPLY)
    assert editable.words() == ["applied"] * 3
    assert checkout.git("status", "--porcelain", "--ignored") == "".join(f" M {file}\n" for file in FILES) + ignored
    assert _hunks(checkout.git("diff")) == printed
    assert editable.disagreements_with_record() == []

    editable.patch(*REVERT)
    assert checkout.git("status", "--porcelain", "--ignored") == ignored
    assert checkout.files() == published
    assert editable.photograph().keys() == installed.keys()


def test_a_checkout_with_its_modules_below_src(uv: Uv, release: Release, tmp_path: Path) -> None:
    published, checkout = release("verl", "0.7.0", [ASYNC_SERVER]), tmp_path / "checkout"
    before = (published / ASYNC_SERVER).read_bytes()
    (checkout / "src" / ASYNC_SERVER).parent.mkdir(parents=True)
    (checkout / "src" / ASYNC_SERVER).write_bytes(before)
    (checkout / "pyproject.toml").write_text(PROJECT.replace("vllm", "verl").replace("0.7.2", "0.7.0"))
    (checkout / "backend.py").write_text(BACKEND)
    (checkout / "built").mkdir()
    pack(published, {"verl.pth": f"{checkout}/src\n".encode()}, checkout / "built")
    environment = uv.make(tmp_path / "environment")
    uv.install(environment, checkout, "--no-build-isolation", "--editable")
    installed = environment.photograph()

    environment.patch("harmony-vocab-offline", "--apply")
    assert environment.words("harmony-vocab-offline") == ["applied"]
    assert (checkout / "src" / ASYNC_SERVER).read_bytes() != before
    assert environment.disagreements_with_record() == []

    environment.patch(*REVERT)
    assert (checkout / "src" / ASYNC_SERVER).read_bytes() == before
    assert list(checkout.rglob("*verl-doctor*")) == []
    assert environment.photograph().keys() == installed.keys()
