"""A recommendation as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from verl_doctor.matrix.machine import Machine
from verl_doctor.recommend.recommend import Advice, Recommendation, Unfit
from verl_doctor.report.head import head
from verl_doctor.report.json_report import source
from verl_doctor.target import Target


def render(target: Target, recommendation: Recommendation, exit_code: int) -> str:
    """Return a recommendation as one JSON object."""
    machine = recommendation.machine
    document = {
        **head(target),
        "node": {
            "driver": machine.driver,
            "cuda": machine.cuda,
            "gpus": [*_gpus(machine)],
            "python": machine.python,
            "processor": machine.processor,
            "glibc": machine.glibc,
        },
        "wish": dict(recommendation.wish),
        "answers": [
            {"text": answer.text, "sources": [source(each) for each in answer.sources]}
            for answer in recommendation.answers
        ],
        "stacks": [_advice(rank, advice) for rank, advice in enumerate(recommendation.stacks, start=1)],
        "unfit": [_unfit(unfit) for unfit in recommendation.unfit],
        "instead": recommendation.instead and recommendation.instead.name,
        "exit_code": exit_code,
    }
    return json.dumps(document, indent=2) + "\n"


def _gpus(machine: Machine) -> Iterator[dict[str, Any]]:
    yield from ({"name": name, "compute_capability": capability} for name, capability in machine.gpus)
    if machine.accelerator:
        yield {"name": machine.accelerator.name, "compute_capability": None}


def _advice(rank: int, advice: Advice) -> dict[str, Any]:
    stack, settings = advice.stack, advice.settings
    return {
        "name": stack.name,
        "rank": rank,
        "verified": [asdict(evidence) for evidence in advice.verified],
        "pins": {**stack.pins, **({"flash-attn": advice.flash_attn} if advice.flash_attn else {})},
        "python": advice.python,
        "cuda": stack.cuda,
        "min_driver": stack.min_driver,
        "why": list(advice.why),
        "settings": settings
        and {
            "enforce_eager": settings.enforce_eager,
            "free_cache_engine": settings.free_cache_engine,
            "launch": list(settings.launch),
            "why": settings.why,
            "VLLM_USE_V1": settings.vllm_use_v1,
        },
        "commands": {tool: list(commands) for tool, commands in asdict(advice.commands).items()},
        "image": stack.image,
        "sources": [source(each) for each in stack.sources],
    }


def _unfit(unfit: Unfit) -> dict[str, Any]:
    stack = unfit.stack
    versions = {name: stack.pins[name] for name in ("verl", "vllm", "torch")}
    return {"name": stack.name, **versions, "cuda": stack.cuda, "reasons": list(unfit.reasons)}
