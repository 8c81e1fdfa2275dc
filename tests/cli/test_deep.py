"""`verl-doctor check --deep` and `facts --deep` as processes: scenarios D and E, formats, exit codes, replay."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.doctor import doctor
from tests.importing.stubs import FINE, make

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/check.json").read_text())
VERSIONS = {"torch": "2.8.0", "tensordict": "0.10.0", "vllm": "0.11.0", "verl": "0.6.1"}
SYMBOL = "raise ImportError('/x/torch/lib/libtorch_cuda.so: undefined symbol: ncclCommRegister')"
HANG = "import time\ntime.sleep(1000)"


@pytest.fixture
def environment(tmp_path: Path) -> Any:
    def made(**sources: str) -> Path:
        make(tmp_path / "env", {**dict.fromkeys(VERSIONS, FINE), "vllm": "LLM = 0", **sources}, VERSIONS)
        site = next((tmp_path / "env/lib").iterdir()) / "site-packages"
        (site / "torch/version.py").write_text("__version__ = '2.8.0+cu128'\ncuda = '12.8'\n")
        return tmp_path / "env"

    return made


def results(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    jsonschema.validate(document, SCHEMA)
    return {result["name"]: result for result in document["results"]}


def deep(prefix: Path, *arguments: str, code: int = 1) -> dict[str, Any]:
    finished = doctor("check", "--deep", "--format", "json", "--prefix", prefix, *arguments)
    assert finished.returncode == code, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    return document


def test_d_a_broken_binary(environment: Any) -> None:
    document = deep(environment(torch=SYMBOL), "--allow", "driver-missing")
    (finding,) = results(document)["import-fails"]["findings"]
    assert document["verdict"] == "broken"
    assert "undefined symbol: ncclCommRegister. The binary of torch is broken:" in finding["message"]
    assert results(document)["import-fails"]["primary"]


def test_e_a_hang_comes_back_by_the_deadline(environment: Any) -> None:
    started = time.monotonic()
    finished = doctor("check", "--deep", "--deadline", "1", "--prefix", environment(torch=HANG))
    assert time.monotonic() - started < 20
    assert finished.returncode == 1
    lines = finished.stdout.splitlines()
    assert "imported: torch hangs, tensordict untried, vllm untried, verl untried" in lines
    assert lines[lines.index("Cure this first") + 1] == "  error  import-hangs  VD041"
    said = " ".join(finished.stdout.split())
    assert "hangs: it did not come back within 1 seconds; it was at line 2 of torch/__init__.py, in <module>." in said


def test_what_can_be_imported_is_told_and_judged(environment: Any) -> None:
    prefix = environment()
    found = results(deep(prefix, "--allow", "driver-missing", code=0))
    assert found["import-fails"]["outcome"] == found["import-hangs"]["outcome"] == "passed"
    assert "imported: torch 0." in doctor("check", "--deep", "--prefix", prefix).stdout


def test_what_works_outranks_what_the_files_say(environment: Any) -> None:
    prefix = environment()
    info = next(prefix.rglob("vllm-0.11.0.dist-info/METADATA"))
    info.write_text(info.read_text().replace("\n\n", "\nRequires-Dist: torch==2.9.1\n\n"))
    assert (
        results(json.loads(doctor("check", "--format", "json", "--prefix", prefix).stdout))[
            "vllm-torch-pin-mismatch"
        ].items()
        >= {"severity": "error", "outcome": "failed"}.items()
    )
    assert (
        results(deep(prefix))["vllm-torch-pin-mismatch"].items()
        >= {
            "severity": "warning",
            "outweighed": "importing vllm works here",
        }.items()
    )
    said = " ".join(doctor("check", "--deep", "--prefix", prefix).stdout.split())
    assert "Counts for less than it would: importing vllm works here." in said


def test_facts_are_judged_the_same_elsewhere(environment: Any, tmp_path: Path) -> None:
    prefix, file = environment(vllm=SYMBOL), tmp_path / "facts.json"
    file.write_text(doctor("facts", "--deep", "--prefix", prefix).stdout)
    replayed = json.loads(doctor("check", "--facts", file, "--format", "json").stdout)
    there, here = results(replayed)["import-fails"], results(deep(prefix))["import-fails"]
    assert (there["findings"], replayed["exit_code"]) == (here["findings"], 1)


def test_a_plain_check_imports_nothing(environment: Any, tmp_path: Path) -> None:
    note = tmp_path / "imported"
    prefix = environment(torch=f"open({str(note)!r}, 'w')")
    plain = json.loads(doctor("check", "--format", "json", "--prefix", prefix).stdout)
    assert not {"import-fails", "import-hangs"} & results(plain).keys()
    assert json.loads(doctor("facts", "--prefix", prefix).stdout)["imports"] == {"reason": "not asked for"}
    assert not note.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("--deadline", "3"), 2, "--deadline is for --deep.", id="deadline-alone"),
        pytest.param(("--deep", "--facts", "x"), 2, "leave out --python, --prefix and --deep", id="facts"),
        pytest.param(("--deep", "--deadline", "0"), 2, "deadline", id="no-time"),
        pytest.param(("--deep", "--prefix", "{folder}"), 3, "has no Python that can be run here", id="no-python"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "six-1.0.dist-info").mkdir()
    finished = doctor("check", *(argument.format(folder=tmp_path) for argument in arguments))
    assert (finished.returncode, finished.stdout) == (code, "")
    assert said in " ".join(finished.stderr.split())


def test_modules_of_torch_that_are_gone_are_looked_for(environment: Any) -> None:
    prefix = environment()
    record = next(prefix.glob("lib/*/site-packages/torch-*.dist-info")) / "RECORD"
    record.write_text("torch/__init__.py,,\ntorch/nn/__init__.py,,\n")
    document = deep(prefix)
    (finding,) = results(document)["broken-distribution"]["findings"]
    assert "torch 2.8.0 is incomplete: torch/nn/__init__.py is gone." in finding["message"]
    plain = json.loads(doctor("check", "--format", "json", "--prefix", prefix).stdout)
    assert results(plain)["broken-distribution"]["outcome"] == "passed"
