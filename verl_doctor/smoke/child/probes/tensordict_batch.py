"""A rollout batch survives verl's way with it: in a TensorDict, split, joined and sent to another process."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import torch

from ..context import Context
from ..errors import SkippedError, WrongAnswerError

PART = 3
RECEIVER = """
import pickle, sys
batch = pickle.load(sys.stdin.buffer)
parts = batch.split(3)
pickle.dump((len(parts), batch), sys.stdout.buffer)
"""


def run(context: Context) -> dict[str, Any]:
    """Generate a batch, carry it around, and compare."""
    try:
        import tensordict
    except ModuleNotFoundError as error:
        if error.name != "tensordict":
            raise
        raise SkippedError("tensordict is not installed") from error
    prompts = [context.subject.prompt(400 + number, 48) for number in range(8)]
    answers = [samples[0] for samples in context.engine.generate(prompts, 16)]
    context.check(prompts, answers)
    batch = tensordict.TensorDict(
        {"prompts": torch.tensor(prompts), "responses": torch.tensor(answers)}, batch_size=[len(prompts)]
    )
    joined = torch.cat([part.contiguous() for part in batch.split(PART)], dim=0)
    sent = subprocess.run(
        [sys.executable, "-c", RECEIVER], input=pickle.dumps(joined), capture_output=True, check=False
    )
    if sent.returncode:
        raise RuntimeError(sent.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    parts, back = pickle.loads(sent.stdout)
    same = all(torch.equal(back[key], batch[key]) for key in ("prompts", "responses"))
    if parts != -(-len(prompts) // PART) or list(back.batch_size) != [len(prompts)] or not same:
        raise WrongAnswerError("the batch that came back from another process is not the one that was sent")
    return {"tensordict": tensordict.__version__}
