"""How many tokens a second a batch of rollouts makes: of the user's model, or of a model of 7 billion parameters."""

from __future__ import annotations

import time
from typing import Any

from ..context import Context
from ..errors import SkippedError, WrongAnswerError
from ..shape_model import ShapeModel

PROMPTS, LENGTH, COUNT = 64, 128, 512
"""The batch: so many prompts, of so many tokens, with so many tokens generated after each."""
ROUNDS = 2


def run(context: Context) -> dict[str, Any]:
    """Generate greedily after all prompts at once, warmed up by a few tokens; return seconds and tokens a second."""
    if context.device != "cuda" and not context.eager:
        raise SkippedError("there are no CUDA graphs without a GPU")
    if context.model is None:
        if context.device != "cuda":
            raise SkippedError("7 billion parameters need a GPU; --model tries a smaller model")
        context.subject = ShapeModel(context.work)
    engine = context.start(sequences=PROMPTS, length=LENGTH + COUNT)
    prompts = [context.subject.prompt(number, LENGTH) for number in range(PROMPTS)]
    engine.generate(prompts, 8)
    seconds = []
    for _ in range(ROUNDS):
        engine.forget_cache()
        started = time.perf_counter()
        answers = engine.generate(prompts, COUNT)
        seconds.append(time.perf_counter() - started)
        tokens = context.check(prompts, [samples[0] for samples in answers], is_greedy=False)
        if tokens != PROMPTS * COUNT:
            raise WrongAnswerError(f"{tokens} tokens came back instead of {PROMPTS * COUNT}")
    return {
        "model": context.model or "the shape of Qwen2-7B, weights made up",
        "batch": [PROMPTS, LENGTH, COUNT],
        "seconds_per_batch": [round(each, 2) for each in seconds],
        "tokens_per_second": round(PROMPTS * COUNT / min(seconds), 1),
        "seconds_to_start": round(context.seconds_to_start or 0, 3),
    }
