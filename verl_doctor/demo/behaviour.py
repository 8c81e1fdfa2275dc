"""What the patched functions of vLLM do when they are run, before and after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from verl_doctor.demo.engine import PROMPTS, SAMPLES
from verl_doctor.errors import DoctorError
from verl_doctor.host import Exited, Host, NotStarted, Run, TimedOut, own_python

CHILD: Final = Path(__file__).with_name("child.py")
DEADLINE: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a function did: which patch edits it, what was tried, what was seen, and whether verl can use that."""

    patch: str
    tried: str
    seen: str
    is_cured: bool


def observe(host: Host, site_packages: Path) -> tuple[Behaviour, ...]:
    """Run the functions of the vLLM in a folder, in a process of their own, and say what they did.

    Raises DoctorError where a function is not there, cannot be run, or does neither what the bug nor what the
    cure makes it do: then nothing is proven.
    """
    seen = _answer(host.run([str(own_python()), "-I", "-S", str(CHILD), str(site_packages)], DEADLINE))
    return (
        _groups(seen["vllm07-world-size-assert"]),
        _placement(seen["vllm07-local-rank"]),
        _loading(seen["vllm07-empty-cache"]),
        _sampling(seen["v0-n-gt1-leak"]),
    )


def _answer(run: Run) -> dict[str, Any]:
    match run:
        case Exited(status=0, stdout=answer):
            return dict(json.loads(answer))
        case Exited(status=status, stderr=trouble):
            last = (trouble.strip().splitlines() or [f"the process ended with status {status}"])[-1]
            raise DoctorError(f"vLLM's functions could not be run: {last}")
        case TimedOut(deadline=deadline):
            raise DoctorError(f"vLLM's functions did not come back within {deadline:g} seconds")
        case NotStarted(reason=reason):
            raise DoctorError(f"vLLM's functions could not be run: {reason}")


def _groups(seen: dict[str, Any]) -> Behaviour:
    match seen:
        case {
            "raised": "world_size (2) is not equal to tensor_model_parallel_size (1) x "
            "pipeline_model_parallel_size (1)" as words
        }:
            told, is_cured = f"RuntimeError: {words}", False
        case {"groups": {"tp": [[0], [1]], "pp": [[0], [1]]}}:
            told, is_cured = "made the tensor-parallel groups [0] and [1], one engine on each GPU", True
        case _:
            raise _unexpected("initialize_model_parallel", seen)
    return Behaviour(
        patch="vllm07-world-size-assert",
        tried="initialize_model_parallel(1, 1) while torch.distributed holds verl's two training processes",
        seen=told,
        is_cured=is_cured,
    )


def _placement(seen: dict[str, Any]) -> Behaviour:
    match seen:
        case {"rank": 1, "local_rank": 1}:
            told, is_cured = "told the worker to use GPU 1, which this process does not have", False
        case {"rank": 1, "local_rank": 0}:
            told, is_cured = "told the worker to use GPU 0, the one this process sees", True
        case _:
            raise _unexpected("ExecutorWithExternalLauncher._init_executor", seen)
    return Behaviour(
        patch="vllm07-local-rank",
        tried="ExecutorWithExternalLauncher._init_executor() as rank 1 of 2 where Ray shows each one GPU: "
        "RANK=1, LOCAL_RANK=0",
        seen=told,
        is_cured=is_cured,
    )


def _loading(seen: dict[str, Any]) -> Behaviour:
    match seen:
        case {"weights": ["layer.weight"], "emptied": 1}:
            told, is_cured = (
                "loaded the weights and emptied torch's memory cache, which sleep mode forbids",
                False,
            )
        case {"weights": ["layer.weight"], "emptied": 0}:
            told, is_cured = "loaded the same weights and left torch's memory cache alone", True
        case _:
            raise _unexpected("pt_weights_iterator", seen)
    return Behaviour(
        patch="vllm07-empty-cache",
        tried="pt_weights_iterator() over a checkpoint of one .bin file",
        seen=told,
        is_cured=is_cured,
    )


def _sampling(seen: dict[str, Any]) -> Behaviour:
    match seen:
        case {"kept": [int(first), int(second), int(third)]} if 0 < first < second < third:
            told, is_cured = f"kept {first}, then {second}, then {third} samples, all that there ever were", False
        case {"kept": [int(first), int(second), int(third)]} if first == second == third:
            told, is_cured = f"kept {first} samples after each round, those of that round alone", True
        case _:
            raise _unexpected("LLMEngine.step", seen)
    return Behaviour(
        patch="v0-n-gt1-leak",
        tried=f"LLMEngine.step() in three rounds of {PROMPTS} prompts with n={SAMPLES}",
        seen=told,
        is_cured=is_cured,
    )


def _unexpected(function: str, seen: dict[str, Any]) -> DoctorError:
    return DoctorError(f"{function} did neither what vLLM 0.7.2 does nor what its cure does: {json.dumps(seen)}")
