"""The Dockerfile patches when it is built and looks when it starts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import Installed
from tests.examples.sandbox import Sandbox
from tests.examples.tools import EXAMPLES, finds_nothing
from verl_doctor.patching.catalogue import built_in

DOCKERFILE, ENTRYPOINT = EXAMPLES / "docker/Dockerfile", EXAMPLES / "docker/entrypoint.sh"
PATCHED = "vllm/executor/uniproc_executor.py"


def steps() -> list[str]:
    """The commands that the Dockerfile runs, as a shell gets them."""
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    return [command.strip() for command in re.findall(r"^RUN (.+)$", text, re.MULTILINE)]


def doctored(command: str, sandbox: Sandbox) -> str:
    """A command with the doctor of this checkout in place of the one that the image installs."""
    return command.replace("/opt/verl-doctor/bin/verl-doctor", str(sandbox.bin / "verl-doctor"))


@pytest.mark.real
def test_hadolint_finds_nothing() -> None:
    finds_nothing("hadolint", DOCKERFILE)


@pytest.mark.real
def test_shellcheck_finds_nothing() -> None:
    finds_nothing("shellcheck", ENTRYPOINT)


def test_the_first_step_installs_what_the_others_run() -> None:
    install, *others = steps()
    assert install.startswith("python3 -m venv /opt/verl-doctor && /opt/verl-doctor/bin/python -m pip install ")
    assert all(step.startswith("/opt/verl-doctor/bin/verl-doctor ") for step in others)
    assert len(others) == 2


@pytest.mark.real
def test_the_build_patches(sandbox: Sandbox, installed: Installed) -> None:
    sources = [site.file for patch in built_in() if patch.distribution == "vllm" for site in patch.sites]
    site = installed("vllm", "0.7.2", paths=sources)
    target = sandbox.folder / "bad"
    shutil.copytree(site, target / "lib/python3.12/site-packages", dirs_exist_ok=True)
    shutil.rmtree(target / "lib/python3.12/site-packages/vllm-0.7.3.dist-info")
    _, patch, _ = steps()
    finished = sandbox.run("bash", "-c", doctored(patch, sandbox), TRAINING_PYTHON=str(sandbox.python("bad")))
    assert finished.returncode == 0, finished.stderr
    assert "LOCAL_RANK" in target.joinpath("lib/python3.12/site-packages", PATCHED).read_text()


@pytest.mark.parametrize(("environment", "status"), [("good", 0), ("bad", 1)])
def test_the_build_ends_where_the_image_is_not_fit(sandbox: Sandbox, environment: str, status: int) -> None:
    _, _, preflight = steps()
    told = str(sandbox.python(environment))
    assert sandbox.run("bash", "-c", doctored(preflight, sandbox), TRAINING_PYTHON=told).returncode == status


@pytest.mark.parametrize(
    ("environment", "level", "status", "trained"),
    [("good", "none", 0, True), ("bad", "none", 1, False), ("bad", "skip", 0, True), ("good", "all", 2, False)],
)
def test_the_container_starts_where_it_is_fit(
    sandbox: Sandbox, environment: str, level: str, status: int, trained: bool
) -> None:
    told = {"VERL_DOCTOR": str(sandbox.bin / "verl-doctor"), "TRAINING_PYTHON": str(sandbox.python(environment))}
    finished = sandbox.run("bash", ENTRYPOINT, "echo", "two words", VERL_DOCTOR_LEVEL=level, **told)
    assert (finished.returncode, finished.stdout) == (status, "two words\n" if trained else "")


def test_the_entrypoint_is_a_program() -> None:
    assert ENTRYPOINT.stat().st_mode & 0o111
    assert str(ENTRYPOINT.relative_to(Path(__file__).parents[2])) in DOCKERFILE.read_text()
