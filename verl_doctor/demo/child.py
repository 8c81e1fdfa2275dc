"""Runs the functions that the patches edit, taken from a real vLLM, among stand-ins for all they use.

Started as a script, in a process of its own, with the folder that holds vLLM as the only argument; prints what
it saw as JSON and judges nothing. Whatever keeps a function from being run ends the process with an error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))  # nothing but verl-doctor, and no site-packages

from verl_doctor.demo.engine import entries_after_each_round
from verl_doctor.demo.taking import take

Seen = dict[str, Any]


def make_groups(site_packages: Path) -> Seen:
    """Two processes share torch.distributed, as FSDP sets it up, and the engine wants TP=1, PP=1."""
    made: dict[str, list[list[int]]] = {}

    def init_model_parallel_group(ranks: list[list[int]], *_: object, group_name: str, **__: object) -> object:
        made[group_name] = ranks
        return object()

    distributed = SimpleNamespace(
        is_initialized=lambda: True, get_world_size=lambda: 2, get_backend=lambda _group: "stand-in"
    )
    world_group = SimpleNamespace(device_group=None, local_rank=0)
    function = take(
        site_packages / "vllm/distributed/parallel_state.py",
        "initialize_model_parallel",
        {
            "torch": SimpleNamespace(distributed=distributed),
            "get_world_group": lambda: world_group,
            "init_model_parallel_group": init_model_parallel_group,
            "_TP": None,
            "_PP": None,
        },
    )
    try:
        function(tensor_model_parallel_size=1, pipeline_model_parallel_size=1)
    except RuntimeError as error:
        return {"raised": str(error)}
    return {"groups": made}


def place_worker(site_packages: Path) -> Seen:
    """Rank 1 of two sees one GPU, number 0, as Ray gives it to verl's workers."""
    os.environ.update(RANK="1", LOCAL_RANK="0", MASTER_ADDR="127.0.0.1", MASTER_PORT="1")
    calls: dict[str, Any] = {}

    class UniProcExecutor:
        def collective_rpc(self, method: str, *, args: tuple[Any, ...] = (), **_: object) -> None:
            calls[method] = args

    executor = take(
        site_packages / "vllm/executor/uniproc_executor.py",
        "ExecutorWithExternalLauncher",
        {
            "UniProcExecutor": UniProcExecutor,
            "WorkerWrapperBase": lambda **_: None,
            "envs": SimpleNamespace(VLLM_USE_V1=False),
            "os": os,
        },
    )()
    executor.vllm_config = SimpleNamespace(
        parallel_config=SimpleNamespace(pipeline_parallel_size=1),
        scheduler_config=SimpleNamespace(delay_factor=0.0),
    )
    executor._init_executor()  # noqa: SLF001  # the function that the patch edits
    [worker] = calls["init_worker"][0]
    return {"rank": worker["rank"], "local_rank": worker["local_rank"]}


def load_weights(site_packages: Path) -> Seen:
    """A checkpoint of one `.bin` file with one tensor is loaded."""
    emptied: list[None] = []
    function = take(
        site_packages / "vllm/model_executor/model_loader/weight_utils.py",
        "pt_weights_iterator",
        {
            "torch": SimpleNamespace(
                distributed=SimpleNamespace(is_initialized=lambda: False),
                load=lambda *_, **__: {"layer.weight": 1},
                cuda=SimpleNamespace(empty_cache=lambda: emptied.append(None)),
            ),
            "tqdm": lambda files, **_: files,
            "_BAR_FORMAT": "",
        },
    )
    weights = [name for name, _ in function(["pytorch_model.bin"])]
    return {"weights": weights, "emptied": len(emptied)}


def keep_samples(site_packages: Path) -> Seen:
    """Three rounds of several samples to several prompts are generated."""
    engine, sequence = site_packages / "vllm/engine/llm_engine.py", site_packages / "vllm/sequence.py"
    return {"kept": entries_after_each_round(engine, sequence, rounds=3)}


TRIALS: Mapping[str, Callable[[Path], Seen]] = {
    "vllm07-world-size-assert": make_groups,
    "vllm07-local-rank": place_worker,
    "vllm07-empty-cache": load_weights,
    "v0-n-gt1-leak": keep_samples,
}

if __name__ == "__main__":
    json.dump({patch: trial(Path(sys.argv[1])) for patch, trial in TRIALS.items()}, sys.stdout)
