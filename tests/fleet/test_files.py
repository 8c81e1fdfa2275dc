from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.facts_of import facts_of
from verl_doctor.errors import UsageError
from verl_doctor.facts.codec import document
from verl_doctor.fleet.gather import of_files

Write = Callable[..., Path]


def plain(version: str = "2.46.0", host: str | None = None) -> dict[str, Any]:
    facts = document(facts_of({"ray": version}))
    facts["node"]["host"] = host
    return facts


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write("node1.json", version)`: a file with the facts of a node."""

    def make(name: str, *args: Any) -> Path:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(plain(*args), indent=2))
        return file

    return make


def test_a_node_is_called_as_its_file(write: Write) -> None:
    found = of_files([write("node1.json"), write("node2.json", "2.47.0")])
    assert found.nodes == ("node1", "node2")
    assert [difference.name for difference in found.differences] == ["ray-differs"]


def test_a_folder_stands_for_its_files(write: Write, tmp_path: Path) -> None:
    for number in range(3):
        write(f"node{number}.json")
    (tmp_path / "notes.txt").write_text("no facts")
    assert of_files([tmp_path]).nodes == ("node0", "node1", "node2")


def test_lines_are_called_by_their_host_or_their_number(tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    file.write_text("\n".join(json.dumps(plain(host=host)) for host in ("gpu7", None)) + "\n\n")
    assert of_files([file]).nodes == ("gpu7", f"{file}, line 2")


def test_what_a_run_through_ray_wrote(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    nodes: list[dict[str, Any]] = [{"name": "gpu1", "report": plain()}, {"name": "gpu2", "report": plain("2.47.0")}]
    nodes.append({"name": "gpu3", "reason": "it died", "report": None})
    file.write_text(json.dumps({"schema_version": "1", "cluster": {}, "nodes": nodes}))
    found = of_files([file])
    assert found.nodes == ("gpu1", "gpu2")
    assert found.unreadable == {f"{file}, node gpu3": "it died"}


def test_two_nodes_of_one_name_are_told_apart(write: Write) -> None:
    found = of_files([write("a/node1.json"), write("b/node1.json", "2.47.0")])
    assert found.nodes == ("node1", "node1 (2)")
    assert found.notes == ("node1 is the name of 2 nodes",)


def test_a_broken_file_is_named_and_the_others_compared(write: Write, tmp_path: Path) -> None:
    broken = tmp_path / "node3.json"
    broken.write_bytes(b"\x00\xff binary")
    found = of_files([write("node1.json"), write("node2.json"), broken])
    assert found.nodes == ("node1", "node2")
    assert list(found.unreadable) == [str(broken)]


def test_a_folder_in_place_of_a_file_is_named(write: Write, tmp_path: Path) -> None:
    (tmp_path / "node9.json").mkdir()
    found = of_files([tmp_path / "node1.json" if write("node1.json") else tmp_path, write("node2.json"), tmp_path])
    assert any("node9.json" in origin for origin in found.unreadable)


@pytest.mark.parametrize("text", ["", "{}", '{"cluster": 1, "nodes": 3}', '{"cluster": 1, "nodes": []}', "[" * 100_000])
def test_where_nothing_can_be_compared_the_reason_is_told(write: Write, tmp_path: Path, text: str) -> None:
    broken = tmp_path / "node2.json"
    broken.write_text(text)
    with pytest.raises(UsageError, match="Two nodes at least"):
        of_files([write("node1.json"), broken])


def test_a_path_that_is_not_there_is_wrong_usage(write: Write, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        of_files([write("node1.json"), tmp_path / "nodee2.json"])


def test_an_empty_folder_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no file"):
        of_files([tmp_path])
