"""The Kubernetes recipes: manifests that a cluster takes, and what their containers run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.examples.sandbox import Sandbox, documents, parsed
from tests.examples.tools import EXAMPLES, finds_nothing

FOLDER = EXAMPLES / "kubernetes"
MANIFESTS = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.real
def test_they_fit_the_schemas() -> None:
    finds_nothing("kubernetes-validate", "--strict", *MANIFESTS)


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each container that runs the doctor, with the manifest that it is in."""
    for path, manifest in documents(FOLDER):
        pod = manifest["spec"]["template"]["spec"]
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            if "verl-doctor" in container["command"][0]:
                yield path.name, container


def test_each_manifest_looks_once() -> None:
    assert [name for name, _ in containers()] == [path.name for path in MANIFESTS]


@pytest.mark.parametrize("container", [pytest.param(each, id=name) for name, each in containers()])
@pytest.mark.parametrize(("environment", "status"), [("good", 0), ("bad", 1)])
def test_what_a_container_runs(sandbox: Sandbox, container: dict[str, Any], environment: str, status: int) -> None:
    words = [str(sandbox.python(environment)) if word.startswith("/opt/venv/") else word for word in container["args"]]
    words[words.index("--level") + 1] = "none"
    assert sandbox.run("verl-doctor", *words).returncode == status


def test_the_trainer_gets_what_was_looked_at() -> None:
    pod = parsed(FOLDER / "job.yaml")["spec"]["template"]["spec"]
    (first,), (trainer,) = pod["initContainers"], pod["containers"]
    assert all(first[key] == trainer[key] for key in ("image", "resources", "volumeMounts"))
