"""The installed vLLM behind one interface: what differs between its releases is here and nowhere else.

Releases 0.7.0 to today differ in where the worker is, in how weights are sent, and in which levels of sleep there are.
What a release has is found by looking, not by its version, so that an unknown newer one is tried.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .errors import SkippedError


@dataclass(frozen=True)
class Settings:
    """How to start an engine; the defaults are one GPU, CUDA graphs for the batch sizes that the probes use.

    `inspected` lets vLLM look at the model's class as it does by itself: up to 0.11 in a Python started for it, which
    imports torch and vLLM once more, 11 seconds. It is not needed for a class that is known to generate text.
    """

    model: Path
    eager: bool = False
    sleep: bool = False
    tensor_parallel: int = 1
    launcher: str | None = None
    memory: float = 0.2
    sequences: int = 8
    length: int = 2048
    load_format: str = "auto"
    inspected: bool = True

    @property
    def capture_sizes(self) -> list[int]:
        """The batch sizes to capture graphs for; by itself V1 takes 67 of them whatever the engine may run at once."""
        return [size for size in (1, 2, 4) if size < self.sequences] + list(range(8, self.sequences + 1, 8))


class Engine:
    """A running vLLM."""

    def __init__(self, settings: Settings) -> None:
        from vllm import LLM

        if not settings.inspected:
            _register_llama()
        options: dict[str, Any] = {
            "model": str(settings.model),
            "skip_tokenizer_init": True,
            "dtype": "bfloat16",
            "enforce_eager": settings.eager,
            "max_model_len": settings.length,
            "max_num_seqs": settings.sequences,
            "gpu_memory_utilization": settings.memory,
            "tensor_parallel_size": settings.tensor_parallel,
            "load_format": settings.load_format,
            "seed": 0,
        }
        if not settings.eager:
            options["compilation_config"] = {"cudagraph_capture_sizes": settings.capture_sizes}
        if settings.sleep:
            options["enable_sleep_mode"] = True
        if settings.launcher:
            options |= {"distributed_executor_backend": settings.launcher, "disable_custom_all_reduce": True}  # as verl
            _see_that_it_is_used(settings.launcher, options)
        self._llm = LLM(**options)

    def generate(self, prompts: Sequence[list[int]], count: int, *, samples: int = 1) -> list[list[list[int]]]:
        """Return `count` tokens after each prompt, `samples` times: first by prompt, then by sample."""
        from vllm import SamplingParams

        # A known answer is as certain at temperature 1 as when the likeliest token is taken.
        how = SamplingParams(
            temperature=0.0 if samples == 1 else 1.0, n=samples, max_tokens=count, ignore_eos=True, detokenize=False
        )
        asked: Any = [{"prompt_token_ids": tokens} for tokens in prompts]
        answers = self._llm.generate(asked, how, use_tqdm=False)
        return [[list(output.token_ids) for output in answer.outputs] for answer in answers]

    def rate(self, sequences: Sequence[list[int]], starts: Sequence[int]) -> list[list[tuple[float, float]]]:
        """Return, for each token of each sequence from its start on, its log-probability and that of the likeliest.

        Both in nats, given the tokens before it, as one forward pass over the whole sequence has them.
        """
        from vllm import SamplingParams

        how = SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=1, detokenize=False)
        asked: Any = [{"prompt_token_ids": tokens} for tokens in sequences]
        rated = []
        for answer, tokens, start in zip(
            self._llm.generate(asked, how, use_tqdm=False), sequences, starts, strict=True
        ):
            likely: Any = answer.prompt_logprobs
            rated.append(
                [
                    (likely[place][tokens[place]].logprob, max(each.logprob for each in likely[place].values()))
                    for place in range(start, len(tokens))
                ]
            )
        return rated

    def sleep(self, level: int) -> None:
        """Give the memory back. Raises SkippedError where this vLLM cannot."""
        if not hasattr(self._llm, "sleep"):
            raise SkippedError("this vLLM has no sleep mode")
        self._llm.sleep(level=level)

    def wake_up(self) -> None:
        """Take the memory again."""
        self._llm.wake_up()

    def load_weights(self, weights: Iterable[tuple[str, torch.Tensor]]) -> None:
        """Send new weights into the running model as verl does, and forget what the old ones put into the cache.

        A CPU build repacks its weights when it loads them, and takes new ones by another way, where it has one.
        """
        runner = self.runner
        reload = None if torch.cuda.is_available() else getattr(runner, "reload_weights", None)
        if reload and "weights_iterator" in inspect.signature(reload).parameters:
            reload(weights_iterator=weights)
        else:
            runner.model.load_weights(weights)
        self.forget_cache()

    def forget_cache(self) -> None:
        """Empty the prefix cache, so that prompts are computed again."""
        holder = next((x for x in (self._llm, self._llm.llm_engine) if hasattr(x, "reset_prefix_cache")), None)
        if holder is not None:
            holder.reset_prefix_cache()

    @property
    def runner(self) -> Any:
        """The object that holds the model on this process's device."""
        return self.worker.model_runner

    @property
    def worker(self) -> Any:
        """The worker in this process."""
        worker = self.executor.driver_worker
        return getattr(worker, "worker", worker)

    @property
    def executor(self) -> Any:
        """The object that starts the workers."""
        engine = self._llm.llm_engine
        executor = getattr(engine, "model_executor", None)
        if executor is None:
            raise SkippedError("the engine does not run in this process, so its weights cannot be reached")
        return executor


def require_cpu_build() -> None:
    """Raise SkippedError where this vLLM cannot run on a CPU."""
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        raise SkippedError("this vLLM is not a build for CPUs")


def _see_that_it_is_used(launcher: str, options: dict[str, Any]) -> None:
    """Raise SkippedError where vLLM would replace a launcher by its own, as some CPU builds do."""
    from vllm.engine.arg_utils import EngineArgs

    used = EngineArgs(**options).create_engine_config().parallel_config.distributed_executor_backend
    if used != launcher and not torch.cuda.is_available():
        raise SkippedError(f"this build of vLLM starts the ranks itself ({used})")


def _register_llama() -> None:
    """Have vLLM know the Llama class, so that it need not be inspected."""
    from vllm import ModelRegistry
    from vllm.model_executor.models.llama import LlamaForCausalLM

    ModelRegistry.register_model("LlamaForCausalLM", LlamaForCausalLM)
