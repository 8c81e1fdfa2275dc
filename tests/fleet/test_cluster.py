"""The parent's side of a cluster, with a stand-in for Ray: whatever that does, it comes back and says why."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from verl_doctor.errors import TargetError
from verl_doctor.facts.secrets import HIDDEN
from verl_doctor.fleet import cluster, shipment
from verl_doctor.fleet.cluster import Answer, Cluster, Joined, NotReduced

RAY = """
    __version__ = "9.9"
    NODES = [
        {"NodeID": f"{n:064}", "Alive": n < 3, "NodeManagerHostname": host, "NodeManagerAddress": f"10.0.0.{n}",
         "NodeName": f"10.0.0.{n}", "Resources": {"CPU": 1.0}}
        for n, host in enumerate(["a", "twin", "twin", "dead"])
    ]
    def init(**kwargs): pass
    def nodes(): return NODES
"""


@pytest.fixture
def ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that answers for Ray, in place of it; what is added to it replaces what it has."""
    monkeypatch.setattr(cluster, "JOINING", 20.0)
    monkeypatch.setattr(cluster, "_GRACE", 1.0)
    file = tmp_path / "ray" / "__init__.py"
    file.parent.mkdir()
    file.write_text(dedent(RAY))
    (file.parent / "util").mkdir()
    (file.parent / "util" / "__init__.py").touch()
    return file


def at(file: Path) -> Cluster:
    return Cluster(
        address="auto", python=Path(sys.executable), environ={**os.environ, "PYTHONPATH": str(file.parents[1])}
    )


def test_nodes_of_one_name_are_told_apart_and_dead_ones_left_out(ray: Path) -> None:
    joined, *rest = at(ray).all_reduce("cuda", 5)
    assert isinstance(joined, Joined)
    assert [node.name for node in joined.nodes] == ["a", f"twin ({1:064})", f"twin ({2:064})"]
    assert rest == [NotReduced("it needs GPUs on two nodes at least", skipped=True)]


FAILING = {
    "is not there": (
        "raise ModuleNotFoundError(\"No module named 'ray'\", name='ray')",
        "No module named 'ray'.*--pyth",
    ),
    "refuses": ("def init(**kwargs): raise RuntimeError('Version mismatch: Ray 2')", "Version mismatch: Ray 2"),
    "dies": ("def init(**kwargs): import os; os.abort()", "killed by SIGABRT"),
    "leaves": ("def init(**kwargs): import os; os._exit(7)", "ended with status 7"),
}


@pytest.mark.parametrize(("added", "told"), FAILING.values(), ids=FAILING)
def test_a_cluster_that_cannot_be_joined(ray: Path, added: str, told: str) -> None:
    with ray.open("a") as file:
        file.write(f"\n{added}\n")
    with pytest.raises(TargetError, match=told):
        list(at(ray).everywhere(("facts",), 5))


def test_no_secret_is_told_of_a_cluster_that_refuses(ray: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "quite-a-secret")
    with ray.open("a") as file:
        file.write("\ndef init(**kwargs): import os; raise RuntimeError('refused ' + os.environ['RAY_AUTH_TOKEN'])\n")
    with pytest.raises(TargetError, match=f"RuntimeError: refused {HIDDEN}"):
        list(at(ray).everywhere(("facts",), 5))


def test_a_cluster_that_never_answers(ray: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "JOINING", 1.0)
    with ray.open("a") as file:
        file.write("\ndef init(**kwargs): import time; time.sleep(60)\n")
    with pytest.raises(TargetError, match="nobody answered within 1 seconds"):
        list(at(ray).everywhere(("facts",), 5))


def test_every_node_gets_a_reason_where_ray_breaks_after_joining(ray: Path) -> None:
    joined, *answers = at(ray).everywhere(("facts",), 5)
    assert isinstance(joined, Joined)
    assert len(answers) == len(joined.nodes)
    for answer in answers:
        assert isinstance(answer, Answer)
        assert answer.status is None
        assert "ended early: ModuleNotFoundError" in (answer.reason or "")


def test_every_node_gets_a_reason_where_ray_hangs_after_joining(ray: Path) -> None:
    (ray.parent / "util" / "scheduling_strategies.py").write_text("import time; time.sleep(60)\n")
    _, *answers = at(ray).everywhere(("facts",), 1)
    assert {answer.reason for answer in answers if isinstance(answer, Answer)} == {
        "Ray itself did not answer within 2 seconds"
    }
    assert len(answers) == 3


def test_patches_need_the_same_python(ray: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipment, "fits", lambda version: version == (2, 7))
    with pytest.raises(TargetError, match="uvx --python"):
        list(at(ray).everywhere(("patch",), 5, compiled=True))


def test_a_python_that_cannot_be_started(ray: Path) -> None:
    with pytest.raises(TargetError, match="cannot be started"):
        list(Cluster(address="auto", python=ray / "none", environ={}).everywhere(("facts",), 5))
