"""The Ray recipe: what is submitted, and what the entrypoint does on the cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.sandbox import Sandbox, parsed
from tests.examples.tools import EXAMPLES, finds_nothing

FOLDER = EXAMPLES / "ray"
SUBMIT, ENTRYPOINT, RUNTIME_ENV = FOLDER / "submit.sh", FOLDER / "entrypoint.sh", FOLDER / "runtime_env.yaml"
RAY = """\
shift 2 # job submit
while [ "$1" != -- ]; do printf '%s\\n' "$1" >> ray.txt; shift; done
shift
exec "$@"
"""
"""A cluster on the spot: writes down its options and runs the entrypoint in the working folder."""


@pytest.mark.real
@pytest.mark.parametrize("script", [SUBMIT, ENTRYPOINT], ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    finds_nothing("shellcheck", script)


def submit(sandbox: Sandbox, environment: str) -> tuple[int, str]:
    """Submit a training; its exit code and what the job said."""
    folder = sandbox.folder / "job"
    folder.mkdir()
    sandbox.folder.joinpath(".git").mkdir()  # a policy above the job counts in a repository
    for path in FOLDER.iterdir():
        folder.joinpath(path.name).write_bytes(path.read_bytes())
    sandbox.add("ray", RAY)
    sandbox.bin.joinpath("python3").symlink_to(sandbox.python(environment))
    finished = sandbox.run("bash", "job/submit.sh", "echo", "two words", **parsed(RUNTIME_ENV)["env_vars"])
    assert folder.joinpath("ray.txt").read_text() == "--working-dir\n.\n--runtime-env\nruntime_env.yaml\n"
    return finished.returncode, finished.stdout


def test_a_cluster_that_is_fit_trains(sandbox: Sandbox) -> None:
    status, said = submit(sandbox, "good")
    assert status == 0
    assert said.endswith("two words\n")


def test_one_that_is_not_does_not(sandbox: Sandbox) -> None:
    status, said = submit(sandbox, "bad")
    assert status == 1
    assert "vllm-torch-pin-mismatch" in said
    assert "two words" not in said


def test_lint_takes_the_runtime_environment(sandbox: Sandbox) -> None:
    finished = sandbox.run("verl-doctor", "lint", RUNTIME_ENV, "--verl", "0.9.1", "--vllm", "0.24.0")
    assert (finished.returncode, finished.stderr) == (0, "")
