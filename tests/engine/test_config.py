"""config.json means the same to every transformers that a vLLM from 0.7.0 on is used with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.engine.conftest import Transformers
from tests.engine.served import ServedEngine

pytestmark = [pytest.mark.engine, pytest.mark.real]

READ = """
import json, sys
from transformers import AutoConfig
config = AutoConfig.from_pretrained(sys.argv[1])
named = ("model_type", "head_dim", "num_key_value_heads", "attention_bias", "mlp_bias", "rope_theta", "rope_parameters")
print(json.dumps({name: getattr(config, name, None) for name in named} | {"dtype": str(getattr(config, sys.argv[2]))}))
"""
SAME = {"model_type": "llama", "head_dim": 64, "num_key_value_heads": 2, "attention_bias": False, "mlp_bias": False}
TURNS = {"rope_type": "default", "rope_theta": 1e6}


def read(python: Path, model: Path, dtype: str) -> dict[str, object]:
    ran = subprocess.run([python, "-c", READ, model, dtype], check=True, capture_output=True, text=True)
    config: dict[str, object] = json.loads(ran.stdout)
    assert config.items() >= SAME.items()
    assert config["dtype"] == "bfloat16"
    return config


@pytest.mark.parametrize("version", ["4.48.0", "4.57.6"])
def test_transformers_4(engine: ServedEngine, transformers: Transformers, version: str, tmp_path: Path) -> None:
    engine.checkpoints(tmp_path)
    assert read(transformers(version), tmp_path / "bin", "torch_dtype")["rope_theta"] == 1e6


@pytest.mark.parametrize("version", ["5.0.0", "5.23.0"])
def test_transformers_5(engine: ServedEngine, transformers: Transformers, version: str, tmp_path: Path) -> None:
    engine.checkpoints(tmp_path)
    assert read(transformers(version), tmp_path / "bin", "dtype")["rope_parameters"] == TURNS
