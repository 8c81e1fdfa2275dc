"""`verl-doctor smoke-test --device cpu` on a real engine, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.engine import environment

pytestmark = [pytest.mark.engine, pytest.mark.real]

RUN = ("import-vllm", "arithmetic", "bin-checkpoint", "rollout", "sampling", "weight-sync", "tensordict-batch")
RUN_AT_FULL = (*RUN, "eager-rollout", "all-reduce", "world-larger-than-engine", "one-gpu-per-rank")
NEED_A_GPU = ("cuda-graphs", "sleep")
SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/smoke-test.json").read_text())
MAKE = """
import sys, torch
from transformers import Qwen2Config, Qwen2ForCausalLM
torch.manual_seed(0)
sizes = dict(hidden_size=128, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2)
model = Qwen2ForCausalLM(Qwen2Config(vocab_size=1000, max_position_embeddings=2048, **sizes)).to(torch.bfloat16)
model.save_pretrained(sys.argv[1], max_shard_size="300KB")
"""
"""Makes a model as a trainer saves one, in several files; its weights are random."""
SHARED_MEMORY = Path("/dev/shm")
ROOT = Path(__file__).parents[2]


def smoke_test(python: Path, *options: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "verl_doctor", "smoke-test", "--device", "cpu", "--python", python, *options],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", **environ},
        timeout=600,
    )


def parsed(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ran.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == ran.returncode
    return document


def marked(mark: str) -> list[str]:
    """The processes with a mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"VERL_DOCTOR_TEST={mark}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.fixture
def mark() -> Iterator[str]:
    """A mark for the environment of what a test starts; nothing of it lives on, or is left in shared memory."""
    before, mark = set(SHARED_MEMORY.iterdir()), uuid.uuid4().hex
    yield mark
    assert marked(mark) == []
    assert set(SHARED_MEMORY.iterdir()) <= before


def test_json(python: Path, mark: str) -> None:
    ran = smoke_test(python, "--format", "json", VERL_DOCTOR_TEST=mark)
    document = parsed(ran)
    probes = {probe["name"]: probe for probe in document["probes"]}
    assert {name: probe["outcome"] for name, probe in probes.items()} == {
        **dict.fromkeys(RUN, "passed"),
        **dict.fromkeys(NEED_A_GPU, "skipped"),
    }
    assert all("GPU" in probes[name]["reason"] for name in NEED_A_GPU)
    assert probes["import-vllm"]["measurements"]["vllm"] == "0.30.0"
    assert probes["rollout"]["measurements"]["tokens"] > 400
    assert probes["bin-checkpoint"]["proves"] == ["vllm07-empty-cache"]
    assert (document["verdict"], document["exit_code"], ran.returncode) == ("healthy", 0, 0)


def test_text_at_the_full_level(python: Path, mark: str) -> None:
    ran = smoke_test(python, "--level", "full", VERL_DOCTOR_TEST=mark)
    lines = [line.split() for line in ran.stdout.splitlines() if line.startswith(("passed", "failed", "skipped"))]
    assert {words[1]: words[0] for words in lines} == {
        **dict.fromkeys(RUN_AT_FULL, "passed"),
        **dict.fromkeys((*NEED_A_GPU, "flash-attention"), "skipped"),
    }
    assert "\nHEALTHY  " in ran.stdout
    assert ran.returncode == 0


def test_a_model_of_ones_own(python: Path, mark: str, tmp_path: Path) -> None:
    model = tmp_path / "model"
    subprocess.run([python, "-c", MAKE, model], check=True, capture_output=True)
    assert len(list(model.glob("*.safetensors"))) > 1
    ran = smoke_test(python, "--format", "json", "--model", model, "--bench", VERL_DOCTOR_TEST=mark)
    document = parsed(ran)
    outcomes = {probe["name"]: probe["outcome"] for probe in document["probes"]}
    tried = {*RUN, "eager-throughput"} - {"bin-checkpoint"}
    assert outcomes == {
        **dict.fromkeys(tried, "passed"),
        **dict.fromkeys((*NEED_A_GPU, "bin-checkpoint", "throughput"), "skipped"),
    }
    assert document["model"] == str(model)
    assert document["verdict"] == "healthy"
    bench = next(probe for probe in document["probes"] if probe["name"] == "eager-throughput")["measurements"]
    assert bench["seconds"] > sum(bench["seconds_per_batch"]) > 0


def test_torchvision_for_cuda(python: Path, mark: str, tmp_path: Path) -> None:
    """torch's companion of another build, as the package index has it: vLLM's import meets it and dies."""
    environment.torchvision_for_cuda(tmp_path)
    ran = smoke_test(python, "--format", "json", VERL_DOCTOR_TEST=mark, PYTHONPATH=str(tmp_path))
    document = parsed(ran)
    probes = {probe["name"]: probe for probe in document["probes"]}
    assert probes["import-vllm"]["outcome"] == "failed"
    assert "torchvision::nms" in probes["import-vllm"]["reason"]
    assert probes["rollout"]["outcome"] == "skipped"
    assert probes["rollout"]["reason"] == "vLLM cannot be imported"
    assert (document["verdict"], document["exit_code"], ran.returncode) == ("broken", 1, 1)
