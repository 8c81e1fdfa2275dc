"""`verl-doctor compare` as a process: exit codes, formats, and that text stays short however many nodes there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from benchmarks.compare import written
from tests.cli.doctor import doctor, imported

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/compare.json").read_text())
RECORDED = sorted((Path(__file__).parents[1] / "data/facts").glob("*.json"))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the facts of 300 nodes, a few of them unlike the others."""
    return written(tmp_path_factory.mktemp("many"), 300, "no-gpu-verl-0.9.1-vllm-cpu", apart=False)["compact files"]


def report(*arguments: str | Path, code: int) -> dict[str, Any]:
    finished = doctor("compare", "--format", "json", *arguments)
    assert finished.returncode == code, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == code
    return document


def test_schema_itself() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_different_machines() -> None:
    document = report(*RECORDED, code=1)
    assert document["nodes"] == [file.stem for file in RECORDED]
    assert document["verdict"] == "different"
    names = [difference["name"] for difference in document["differences"]]
    assert names[0] == "python-differs"
    assert names[-1] == "packages-differ"


def test_the_same_node_twice() -> None:
    document = report(RECORDED[0], RECORDED[0], code=0)
    assert document["verdict"] == "same"
    assert doctor("compare", RECORDED[0], RECORDED[0]).stdout.splitlines()[2].startswith("SAME")


def test_warnings_count_where_asked(tmp_path: Path) -> None:
    plain = json.loads(RECORDED[0].read_text())
    plain["env"]["NCCL_DEBUG"] = "INFO"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(plain))
    assert report(RECORDED[0], other, code=0)["verdict"] == "different"
    report(RECORDED[0], other, "--fail-on", "warning", code=1)


def test_a_broken_file_does_not_stop_it(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(b"\x7fELF")
    document = report(*RECORDED, broken, code=1)
    assert [each["origin"] for each in document["unreadable"]] == [str(broken)]
    assert f"  {broken}: is not JSON" in doctor("compare", *RECORDED, broken, without=("COLUMNS",)).stdout


@pytest.mark.parametrize("arguments", [(), ("no-such-file.json",), (RECORDED[0],)], ids=["none", "missing", "one"])
def test_what_cannot_be_compared_is_wrong_usage(arguments: tuple[str | Path, ...]) -> None:
    finished = doctor("compare", *arguments)
    assert finished.returncode == 2
    assert finished.stdout == ""


def test_lines_from_standard_input() -> None:
    lines = b"\n".join(json.dumps(json.loads(file.read_bytes())).encode() for file in RECORDED)
    finished = doctor("compare", "-", stdin=lines)
    assert finished.returncode == 1
    assert "3 nodes compared" in finished.stdout


def test_text_names_the_odd_nodes_and_has_no_line_for_every_node(many: Path) -> None:
    finished = doctor("compare", many, without=("COLUMNS",))
    assert finished.returncode == 1
    assert len(finished.stdout.splitlines()) < 60
    assert "7 on node" in finished.stdout
    assert "8 on the other 29" in finished.stdout


def test_text_and_json_tell_of_the_same(many: Path) -> None:
    document, text = report(many, code=1), doctor("compare", many, without=("COLUMNS",)).stdout
    assert {difference["id"] for difference in document["differences"]} == {
        word for word in text.split() if word.startswith("VD8")
    }


def test_json_imports_no_rich_beyond_the_command_line() -> None:
    assert not {"libcst", "torch", "ray"} & imported("compare", "--format", "json", *RECORDED)


def test_a_node_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_bytes(RECORDED[0].read_bytes())
    (tmp_path / "c.json").touch()  # what `ssh host verl-doctor facts > c.json` leaves of a host that is down
    document = report(tmp_path, code=3)
    assert [Path(each["origin"]).name for each in document["unreadable"]] == ["c.json"]


def test_facts_can_be_piped_as_they_are_written() -> None:
    facts = json.loads(RECORDED[0].read_text())
    finished = doctor("compare", "-", RECORDED[0], stdin=json.dumps(facts, indent=2).encode())
    assert finished.returncode == 0, finished.stderr
