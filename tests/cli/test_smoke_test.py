"""`verl-doctor smoke-test` as a process, where there is no vLLM to try; tests/engine tries one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.cli.doctor import doctor, imported

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/smoke-test.json").read_text())
HERE = ("--python", sys.executable)
ON_CPU = (*HERE, "--device", "cpu")
FOLDER = str(Path(__file__).parent)
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        pytest.param(HERE, 3, "There is no GPU to try.", id="no GPU"),
        pytest.param((*ON_CPU, "--probe", "magic"), 2, "There is no probe magic", id="no such probe"),
        pytest.param((*ON_CPU, "--model", "/no/such"), 2, "/no/such is no folder of a model", id="no model"),
        pytest.param((*ON_CPU, "--model", FOLDER), 2, "it has no config.json", id="no config.json"),
        pytest.param(("--python", "/no/such/python", "--device", "cpu"), 3, "/no/such/python", id="no interpreter"),
        pytest.param((*HERE, "--gpu-memory", "2"), 2, "--gpu-memory", id="more than the whole memory"),
        pytest.param((*HERE, "--level", "deep"), 2, "--level", id="no such level"),
    ],
)  # fmt: skip
def test_what_cannot_be_tried(arguments: tuple[str, ...], status: int, said: str) -> None:
    ran = doctor("smoke-test", *arguments, environ=NO_GPU)
    assert (ran.returncode, ran.stdout) == (status, "")
    assert said in ran.stderr


def test_a_folder_of_packages_has_no_interpreter(tmp_path: Path) -> None:
    (tmp_path / "vllm-0.7.2.dist-info").mkdir()
    ran = doctor("smoke-test", "--prefix", tmp_path, "--device", "cpu")
    assert ran.returncode == 3
    assert "has no Python that can be run here" in ran.stderr


def test_an_environment_without_torch() -> None:
    ran = doctor("smoke-test", *ON_CPU, "--format", "json")
    document = json.loads(ran.stdout)
    jsonschema.validate(document, SCHEMA)
    assert {probe["reason"] for probe in document["probes"]} == {"torch is not installed here"}
    assert {probe["outcome"] for probe in document["probes"]} == {"skipped"}
    assert (document["verdict"], document["exit_code"], ran.returncode) == ("unknown", 3, 3)


def test_text_and_json_agree() -> None:
    ran = doctor("smoke-test", *ON_CPU, "--probe", "import-vllm")
    assert ran.returncode == 3
    assert ran.stdout.startswith("skipped  import-vllm")
    assert ran.stdout.splitlines()[-1].startswith("UNKNOWN  ")


def test_help_imports_neither_torch_nor_rich_nor_libcst() -> None:
    assert not {"torch", "rich", "libcst", "vllm"} & imported("smoke-test", "--help")
