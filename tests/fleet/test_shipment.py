from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.doctor import imported
from tests.report.preflights import POLICY, TODAY
from verl_doctor.cli.preflight_everywhere import command
from verl_doctor.fleet import shipment
from verl_doctor.preflight.run import Wish

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from verl_doctor.__main__ import main; main()"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that nodes run the doctor from."""
    return shipment.pack(tmp_path_factory.mktemp("shipment")) / "site"


def doctor(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run what was shipped as a node does: nothing of this environment can be imported."""
    command = [sys.executable, "-I", "-S", "-B", "-c", START, str(site), *arguments]
    environ = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "CONDA_PREFIX"}}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environ, timeout=120)


def test_it_scans_by_itself(site: Path) -> None:
    finished = doctor(site, "facts", "--python", sys.executable)
    assert finished.returncode == 0, finished.stderr
    document = json.loads(finished.stdout)
    assert document["target"]["python"] == sys.executable
    assert "pytest" in document["packages"]
    assert "reason" not in document["patches"]
    assert document["gpus"] == [] or "pynvml" not in str(document["gpus"])


def test_it_makes_a_preflight_by_a_policy_that_was_sent(site: Path) -> None:
    asked = command(Wish(today=TODAY, level=None, policy=POLICY))
    words = [word.replace("{python}", sys.executable) for word in asked]
    finished = doctor(site, *words)
    assert finished.returncode == 1, finished.stderr
    assert json.loads(finished.stdout)["policy"]["expectations"]["gpus"] == 8

    assert not {"cattrs", "attr", "tomli", "tomllib", "exceptiongroup"} & imported(*words), "not on every Python"


@pytest.mark.parametrize("option", ["--status", "--check", "--apply"])
def test_it_patches_by_itself(site: Path, option: str) -> None:
    finished = doctor(site, "patch", option, "--format", "json", "--python", sys.executable)
    assert finished.returncode == 0, finished.stderr
    assert {patch["state"] for patch in json.loads(finished.stdout)["patches"]} == {"absent"}


def test_what_travels_is_small_and_has_no_more_than_is_needed(site: Path) -> None:
    assert sum(file.stat().st_size for file in site.rglob("*") if file.is_file()) < 30 * 2**20
    assert {"verl_doctor", "typer", "rich", "libcst", "cattrs", "yaml", "packaging"} <= {p.name for p in site.iterdir()}
    assert not (site / "pytest").exists()
    assert not list(site.rglob("__pycache__"))


def test_compiled_parts_fit_this_python_only() -> None:
    major, minor = sys.version_info[:2]
    assert shipment.fits((major, minor))
    assert not shipment.fits((major, minor + 1))
