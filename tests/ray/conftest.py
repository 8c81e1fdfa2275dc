"""A Ray cluster with two nodes whose environments differ."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.environment import NotMadeError
from tests.ray import environment
from tests.ray.cluster import RayCluster


@dataclass(frozen=True)
class Running:
    """A cluster, and the interpreters of its two environments."""

    cluster: RayCluster
    one: Path
    other: Path


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Nodes n1 and n2; n2 has another tensordict, and a variable that n1 does not have."""
    folder = tmp_path_factory.mktemp("environments")
    try:
        one, other = (environment.make(name, folder) for name in ("one", "other"))
    except NotMadeError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    cluster = RayCluster()
    try:
        cluster.start("n1", one)
        cluster.start("n2", other, NCCL_DEBUG="INFO")
        yield Running(cluster, one, other)
    finally:
        cluster.close()
