"""The section `releases` as the tool writes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import write_matrix_metadata as tool
from verl_doctor.matrix.matrix import Matrix

COLLECTED = {
    "verl": {
        "0.10.0": {"requires_python": ">=3.10", "requires_dist": ["numpy>=2"]},
        "0.9.1": {
            "requires_python": "<3.13,>=3.10",
            "requires_dist": [
                "tensordict!=0.9.0,<=0.10.0,>=0.8.0",
                "ray[default]>=2.41.0",
                "wandb",
                'torch==2.11.0; extra == "vllm"',
                'vllm==0.24.0; extra == "vllm"',
                'torch==2.9.1; extra == "sglang"',
            ],
        },
    },
    "vllm": {
        "0.6.2": {"requires_python": ">=3.8", "requires_dist": []},
        "0.7.2": {
            "requires_python": ">=3.9",
            "requires_dist": [
                "torch==2.5.1",
                'xformers==0.0.28.post3; platform_system == "Linux" and platform_machine == "x86_64"',
                'triton==3.0; platform_system == "Darwin"',
                "transformers>=4.48.2",
                "transformers<5",
            ],
        },
    },
    "tensordict": {"0.5.0": {"requires_python": None, "requires_dist": ["torch (>=2.4.0)", "numpy"]}},
}
EXPECTED = """\
releases:
  verl:
    "0.9.1": {python: "<3.13,>=3.10", requires: {tensordict: ">=0.8.0,<=0.10.0,!=0.9.0", ray: ">=2.41.0"}, \
extras: {vllm: {torch: "==2.11.0", vllm: "==0.24.0"}}, source: verl-metadata}
    "0.10.0": {python: ">=3.10", requires: {numpy: ">=2"}, source: verl-metadata}
  vllm:
    "0.7.2": {python: ">=3.9", requires: {torch: "==2.5.1", xformers: "==0.0.28.post3", \
transformers: ">=4.48.2,<5"}, source: vllm-metadata}
  tensordict:
    "0.5.0": {requires: {torch: ">=2.4.0", numpy: ""}, source: tensordict-metadata}
"""
SOURCES = 'sources:\n  verl-metadata: {kind: metadata, reference: "x", date: "2026-11-21"}\n'


@pytest.fixture
def collected(tmp_path: Path) -> Path:
    path = tmp_path / "metadata.json"
    path.write_text(json.dumps(COLLECTED), "utf-8")
    return path


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    path = tmp_path / "compat_matrix.yaml"
    path.write_text(f"{SOURCES}{tool.BEGIN}old: rows\n{tool.END}# after\n", "utf-8")
    return path


def test_writes_between_its_marks_and_nothing_else(matrix: Path, collected: Path) -> None:
    assert tool.main(["--metadata-json", str(collected), "--matrix", str(matrix)]) == 0
    assert matrix.read_text("utf-8") == f"{SOURCES}{tool.BEGIN}{EXPECTED}{tool.END}# after\n"


def test_what_it_writes_can_be_loaded(matrix: Path, collected: Path) -> None:
    tool.main(["--metadata-json", str(collected), "--matrix", str(matrix)])
    loaded = Matrix(matrix.read_text("utf-8"))
    release = loaded.release("verl", "0.9.1")
    assert release is not None
    assert release.extras == {"vllm": {"torch": "==2.11.0", "vllm": "==0.24.0"}}


def test_check_writes_nothing(matrix: Path, collected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = matrix.read_bytes()
    arguments = ["--metadata-json", str(collected), "--matrix", str(matrix)]
    assert tool.main([*arguments, "--check"]) == 1
    assert matrix.read_bytes() == before
    assert "differs from the published metadata" in capsys.readouterr().err
    assert tool.main(arguments) == 0
    assert tool.main([*arguments, "--check"]) == 0


def test_a_matrix_without_marks_is_left_alone(tmp_path: Path, collected: Path) -> None:
    path = tmp_path / "compat_matrix.yaml"
    path.write_text(SOURCES, "utf-8")
    with pytest.raises(SystemExit, match="no lines that mark the section"):
        tool.main(["--metadata-json", str(collected), "--matrix", str(path)])
    assert path.read_text("utf-8") == SOURCES


def test_reads_the_index(matrix: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from verl_doctor import releases

    published = {"verl": ("0.9.1",), "vllm": ("0.7.2", "0.6.2"), "tensordict": ("0.5.0",)}
    asked = []

    def metadata(distribution: str, version: str) -> bytes:
        asked.append(version)
        return f"Name: {distribution}\nRequires-Python: >=3.9\nRequires-Dist: numpy\nRequires-Dist: torch>=2\n".encode()

    monkeypatch.setattr(releases, "versions", lambda distribution: published[distribution])
    monkeypatch.setattr(releases, "metadata", metadata)
    assert tool.main(["--matrix", str(matrix)]) == 0
    assert asked == ["0.9.1", "0.7.2", "0.5.0"]
    assert '"0.7.2": {python: ">=3.9", requires: {torch: ">=2", numpy: ""}' in matrix.read_text("utf-8")
    assert "vllm 0.7.2 (1/1)" in capsys.readouterr().err
