"""The probes that there are: what each shows, how long it may take, and which patches it proves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One thing that a smoke test tries.

    `shows` is a sentence for the report, `own` that for a user's own model, where it is another: nobody knows the
    answers of that one beforehand, so they are held against its own forward pass. `deadline` is in seconds, and
    generous: it is there for what hangs. `proves` names the patches without which it fails.
    """

    name: str
    shows: str
    deadline: float
    proves: tuple[str, ...] = ()
    own: str = ""

    def shown(self, *, is_own: bool) -> str:
        """Return what it shows with the known-answer model, or with a user's own."""
        return (self.own if is_own else "") or self.shows


_ENGINE_START: Final = 600.0
"""Seconds for starting an engine: on a bare machine a new release compiles kernels for minutes."""
_BENCH: Final = 1800.0
"""Seconds for a batch of a large model, its weights read from a slow disk."""

PROBES: Final = {
    probe.name: probe
    for probe in (
        Probe(name="import-vllm", shows="torch and vLLM can be imported", deadline=300),
        Probe(name="arithmetic", shows="every device multiplies matrices right", deadline=120),
        Probe(
            name="bin-checkpoint",
            shows="an engine loads a .bin checkpoint, in sleep mode on a GPU",
            deadline=_ENGINE_START,
            proves=("vllm07-empty-cache",),
        ),
        Probe(
            name="rollout",
            shows="the rollout gives the known answers",
            own="the rollout agrees with the model's own forward pass",
            deadline=_ENGINE_START,
        ),
        Probe(name="cuda-graphs", shows="decoding replays CUDA graphs", deadline=120),
        Probe(
            name="sampling",
            shows="several samples of each prompt are right, and none is kept",
            own="several samples of each prompt come, and none is kept",
            deadline=120,
            proves=("v0-n-gt1-leak",),
        ),
        Probe(
            name="sleep",
            shows="asleep the engine gives its memory back; awake it answers right",
            own="asleep the engine gives its memory back; awake it answers as before",
            deadline=120,
        ),
        Probe(
            name="weight-sync",
            shows="new weights change the answers to their own",
            own="weights of zeros change the answers, and the model's own bring them back",
            deadline=120,
        ),
        Probe(
            name="tensordict-batch", shows="a batch survives in a TensorDict, to another process and back", deadline=120
        ),
        Probe(name="flash-attention", shows="flash-attn agrees with plain attention", deadline=120),
        Probe(
            name="eager-rollout",
            shows="an eager engine gives the known answers, without graphs",
            own="an eager engine agrees with the model's own forward pass, without graphs",
            deadline=_ENGINE_START,
        ),
        Probe(name="all-reduce", shows="the ranks add numbers together, on GPUs through NCCL", deadline=120),
        Probe(
            name="world-larger-than-engine",
            shows="an engine of one GPU starts in a world of several",
            deadline=_ENGINE_START,
            proves=("vllm07-world-size-assert", "vllm074dev-dp-size"),
        ),
        Probe(
            name="one-gpu-per-rank",
            shows="an engine spans ranks that each see one GPU",
            deadline=_ENGINE_START,
            proves=("vllm07-local-rank",),
        ),
        Probe(
            name="throughput",
            shows="a large batch is generated with CUDA graphs; its speed is measured",
            deadline=_BENCH,
        ),
        Probe(
            name="eager-throughput",
            shows="a large batch is generated without CUDA graphs; its speed is measured",
            deadline=_BENCH,
        ),
    )
}
"""In the order in which they are tried."""
