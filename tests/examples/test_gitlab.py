"""GitLab's pipeline: its jobs, followed as a runner does."""

from __future__ import annotations

import json

import pytest

from tests.examples.sandbox import Sandbox, parsed
from tests.examples.tools import EXAMPLES, finds_nothing

PIPELINE = EXAMPLES / "gitlab/gitlab-ci.yml"


@pytest.mark.real
def test_it_fits_the_schema() -> None:
    finds_nothing("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", PIPELINE)


def follow(sandbox: Sandbox, job: str, environment: str, level: str) -> int:
    """Run a job's script at a level that needs no GPU; its exit code."""
    (line,) = parsed(PIPELINE)[job]["script"]
    assert f"--level {level}" in line
    told = str(sandbox.python(environment))
    return sandbox.run("bash", "-c", line.replace(level, "none"), TRAINING_PYTHON=told).returncode


@pytest.mark.parametrize(("environment", "status"), [("good", 0), ("bad", 1)])
def test_the_image(sandbox: Sandbox, environment: str, status: int) -> None:
    assert follow(sandbox, "training-image", environment, "none") == status
    found = json.loads(sandbox.folder.joinpath("quality.json").read_text())
    assert any(each["severity"] != "info" for each in found) is bool(status)


def test_a_node(sandbox: Sandbox) -> None:
    assert follow(sandbox, "gpu-node", "good", "full") == 0


@pytest.mark.parametrize("job", ["training-image", "gpu-node"])
def test_what_is_kept_is_what_is_written(sandbox: Sandbox, job: str) -> None:
    artifacts = parsed(PIPELINE)[job]["artifacts"]
    follow(sandbox, job, "good", "full" if job == "gpu-node" else "none")
    kept = {*artifacts["reports"].values(), *artifacts.get("paths", ())}
    assert kept == {path.name for path in sandbox.folder.glob("*.*")} - {"verl-doctor.toml"}


def test_launch_scripts(sandbox: Sandbox) -> None:
    sandbox.folder.joinpath("scripts").mkdir()
    script = sandbox.folder / "scripts/train.sh"
    (line,) = parsed(PIPELINE)["launch-scripts"]["script"]
    script.write_text("python3 -m verl.trainer.main_ppo trainer.n_gpus_per_node=8\n")
    assert sandbox.run("bash", "-c", line).returncode == 0
    script.write_text("python3 -m verl.trainer.main_ppo trainer.n_gpu_per_node=8\n")
    assert sandbox.run("bash", "-c", line).returncode == 1
