"""The versions that a log tells."""

from __future__ import annotations

import pytest

from verl_doctor.diagnose.line import read
from verl_doctor.diagnose.versions import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("vllm==0.8.5.post1", {"vllm": "0.8.5.post1"}, id="pip freeze"),
        pytest.param("[pip3] flash_attn==2.7.4", {"flash-attn": "2.7.4"}, id="collect_env"),
        pytest.param("vllm==0.7.1 verl==0.2.0.post2 nnodes=2", {"vllm": "0.7.1", "verl": "0.2.0.post2"}, id="one line"),
        pytest.param(
            "Successfully installed torch-2.6.0+cu124 ray-2.43.0", {"torch": "2.6.0+cu124", "ray": "2.43.0"}, id="pip"
        ),
        pytest.param(
            "INFO 05-12 10:11:12 [core.py:60] Initializing a V1 LLM engine (v0.9.1) with config: model='x'",
            {"vllm": "0.9.1"},
            id="vllm v1",
        ),
        pytest.param(
            "INFO 02-12 10:11:12 llm_engine.py:234] Initializing a V0 LLM engine (v0.7.2)", {"vllm": "0.7.2"}, id="v0"
        ),
        pytest.param("vLLM API server version 0.11.0", {"vllm": "0.11.0"}, id="server"),
        pytest.param("PyTorch version: 2.6.0+cu124", {"torch": "2.6.0+cu124"}, id="torch"),
        pytest.param(" + torch==2.6.0", {"torch": "2.6.0"}, id="uv"),
        pytest.param("pip install vllm==0.7.2 in the docs", {}, id="prose"),
        pytest.param("ERROR: vllm==broken", {}, id="no version"),
        pytest.param("vllm 0.7.2 requires torch==2.5.1, but you have torch 2.6.0", {}, id="a requirement"),
    ],
)
def test_told(text: str, expected: dict[str, str]) -> None:
    versions = {name: version for line in read(1, text.encode()) for name, version in told(line)}
    assert {name: version for name, version in versions.items() if name != "nnodes"} == expected
