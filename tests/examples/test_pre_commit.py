"""The pre-commit hook, run by pre-commit in a repository that has a launch script."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.examples.sandbox import parsed
from tests.examples.tools import EXAMPLES, ROOT, finds_nothing, tool

MANIFEST, CONFIG = ROOT / ".pre-commit-hooks.yaml", EXAMPLES / "pre-commit/pre-commit-config.yaml"
pytestmark = pytest.mark.real


def test_they_are_valid() -> None:
    finds_nothing("pre-commit", "validate-manifest", MANIFEST)
    finds_nothing("pre-commit", "validate-config", CONFIG)


def test_the_configuration_names_hooks_that_there_are() -> None:
    offered = {hook["id"] for hook in parsed(MANIFEST)}
    used = {hook["id"] for repo in parsed(CONFIG)["repos"] for hook in repo["hooks"]}
    assert used
    assert used <= offered


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as it is, committed."""
    folder = tmp_path_factory.mktemp("hooks")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, check=True, capture_output=True, cwd=ROOT, text=True).stdout
    for name in filter(None, names.split("\0")):
        if ROOT.joinpath(name).is_file():
            folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "All")
    return folder


def git(folder: Path, *arguments: str) -> str:
    """What git says in a repository."""
    return subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True, text=True).stdout.strip()


class Repository:
    """A repository with launch scripts, whose hooks are those of the example."""

    def __init__(self, folder: Path, hooks: Path, cache: Path) -> None:
        self.folder, self.cache = folder, cache
        git(folder, "init", "--quiet")
        config = parsed(CONFIG)
        config["repos"][0] |= {"repo": str(hooks), "rev": git(hooks, "rev-parse", "HEAD")}
        folder.joinpath(".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
        folder.joinpath("scripts").mkdir()
        folder.joinpath("other.sh").write_text("if nothing of ours\n")

    def commit(self, script: str) -> subprocess.CompletedProcess[str]:
        """What the hooks say when this launch script is to be committed."""
        self.folder.joinpath("scripts/train.sh").write_text(script)
        git(self.folder, "add", "--all")
        environ = {"NO_COLOR": "1", "PRE_COMMIT_HOME": str(self.cache)}
        return tool("pre-commit", "run", cwd=self.folder, environ=environ)


def test_it_judges_launch_scripts(tmp_path: Path, hooks: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    repository = Repository(tmp_path, hooks, tmp_path_factory.mktemp("cache"))
    good = repository.commit("python3 -m verl.trainer.main_ppo trainer.n_gpus_per_node=8\n")
    assert good.returncode == 0, good.stdout + good.stderr
    bad = repository.commit("python3 -m verl.trainer.main_ppo trainer.n_gpu_per_node=8\n")
    assert bad.returncode == 1
    assert "unknown-verl-key" in bad.stdout
