"""Every patch there is, on releases that have the bugs: applied at once, listed in RECORD, taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Release
from tests.environments.environment import REVERT, Environment, contents
from tests.environments.installers import Uv
from tests.environments.wheel import build
from verl_doctor.patching import catalogue
from verl_doctor.releases import record

pytestmark = pytest.mark.real


def _files(release: Release, distribution: str, version: str) -> list[str]:
    """Return the files of a release that some patch edits."""
    (listing,) = release(distribution, version, ()).glob("*.dist-info/RECORD")
    published = record.parse(listing.read_text())
    sites = {site.file for patch in catalogue.load() if patch.distribution == distribution for site in patch.sites}
    return sorted(sites & published.keys())


def _pending(environment: Environment) -> list[str]:
    document = json.loads(environment.patch("--status", "--format", "json").stdout)
    return [patch["name"] for patch in document["patches"] if patch["state"] == "applicable"]


@pytest.mark.parametrize(
    ("distribution", "version"),
    [("vllm", "0.7.2"), ("vllm", "0.7.3"), ("verl", "0.7.0"), ("sglang", "0.4.4")],
)
def test_apply_and_revert(uv: Uv, release: Release, tmp_path: Path, distribution: str, version: str) -> None:
    files = _files(release, distribution, version)
    environment = uv.make(tmp_path / "environment")
    uv.install(environment, build(release(distribution, version, files), files, tmp_path))
    before = contents(environment.photograph())
    assert _pending(environment)

    environment.patch("--apply")
    environment.patch("--check")
    if by_name := _pending(environment):
        environment.patch("--apply", *by_name)
    assert _pending(environment) == []
    assert environment.disagreements_with_record() == []

    environment.patch(*REVERT)
    assert contents(environment.photograph()) == before
