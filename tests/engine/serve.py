"""Runs in the engine's own interpreter: the known-answer model on a real vLLM, and what the tests do to it.

    python serve.py DESCRIPTOR DTYPE FOLDER

A request is the name of a method of Served and its arguments; the reply is the result and None, or None and what
went wrong.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from vllm import LLM, SamplingParams

from verl_doctor.smoke.child import known_answer_weights
from verl_doctor.smoke.child.engine import Engine
from verl_doctor.smoke.child.errors import WrongAnswerError
from verl_doctor.smoke.child.own_model import OwnModel

Named = dict[str, torch.Tensor]
VERSION = 1
HEAD, GROUP = known_answer_weights.HEAD, known_answer_weights.HEADS // known_answer_weights.KV_HEADS


class Served(Engine):
    """The smoke test's engine, of any type; its weights and its cache can be damaged."""

    def __init__(self, dtype: torch.dtype, folder: Path) -> None:
        self._dtype = dtype
        self._folder = folder
        self._growing: dict[str, list[int]] = {}
        self._llm = LLM(
            str(known_answer_weights.write(folder, VERSION, safetensors=True, dtype=dtype)),
            skip_tokenizer_init=True,
            dtype=str(dtype).removeprefix("torch."),
            enforce_eager=True,
            max_model_len=2048,
            max_num_seqs=32,
        )

    def margins(self, prompts: Sequence[list[int]], count: int) -> list[float]:
        """Return how far the second likeliest token is behind the first, in nats, for each token after each prompt."""
        how = SamplingParams(temperature=0.0, max_tokens=count, ignore_eos=True, detokenize=False, logprobs=2)
        answers = self._llm.generate([{"prompt_token_ids": tokens} for tokens in prompts], how, use_tqdm=False)
        found = []
        for answer in answers:
            for likely in answer.outputs[0].logprobs:
                first, second = sorted((entry.logprob for entry in likely.values()), reverse=True)[:2]
                found.append(first - second)
        return found

    def cached(self, prompt: list[int], count: int) -> tuple[list[int], int]:
        """Return `count` tokens after a prompt, and how many of the prompt's were found in the prefix cache."""
        how = SamplingParams(temperature=0.0, max_tokens=count, ignore_eos=True, detokenize=False)
        (answer,) = self._llm.generate([{"prompt_token_ids": prompt}], how, use_tqdm=False)
        return list(answer.outputs[0].token_ids), answer.num_cached_tokens

    def send(self, version: int, damage: str = "", *arguments: Any) -> None:
        """Send a version of the weights as the smoke test does, damaged in one of the ways below."""
        named = known_answer_weights.weights(version, self._dtype)
        if damage:
            getattr(self, damage)(named, *arguments)
        self.load_weights(iter(named.items()))

    def one_of_another_version(self, named: Named, name: str, version: int) -> None:
        named[name] = known_answer_weights.weights(version, self._dtype)[name]

    def without_query_head(self, named: Named, layer: int, head: int) -> None:
        rows = slice(head * HEAD, (head + 1) * HEAD)
        named[f"model.layers.{layer}.self_attn.q_proj.weight"][rows] = 0
        named[f"model.layers.{layer}.self_attn.o_proj.weight"][:, rows] = 0

    def without_kv_head(self, named: Named, layer: int, head: int) -> None:
        rows = slice(head * HEAD, (head + 1) * HEAD)
        for part in ("k_proj", "v_proj"):
            named[f"model.layers.{layer}.self_attn.{part}.weight"][rows] = 0

    def kv_heads_exchanged(self, named: Named, layer: int) -> None:
        for part in ("k_proj", "v_proj"):
            name = f"model.layers.{layer}.self_attn.{part}.weight"
            named[name] = torch.cat(named[name].split(HEAD)[::-1])

    def without_mlp(self, named: Named, layer: int) -> None:
        named[f"model.layers.{layer}.mlp.down_proj.weight"].zero_()

    def without_half_of_mlp(self, named: Named, layer: int, half: int) -> None:
        tensor = named[f"model.layers.{layer}.mlp.down_proj.weight"]
        tensor.chunk(2, dim=1)[half].zero_()

    def turn_by(self, theta: float) -> None:
        """Give the rotary embeddings another theta."""
        for module in self.runner.model.modules():
            if hasattr(module, "cos_sin_cache"):
                module.base = theta
                module.cos_sin_cache.copy_(module._compute_cos_sin_cache())

    def checkpoints(self, folder: Path) -> dict[str, dict[str, list[float]]]:
        """Write version 1 in both formats, into folders named for them; return what the tensors in the files hold."""
        from safetensors.torch import load_file

        for kind in ("safetensors", "bin"):
            known_answer_weights.write(folder / kind, VERSION, safetensors=kind == "safetensors")
        read = {
            "safetensors": load_file(folder / "safetensors" / "model.safetensors"),
            "bin": torch.load(folder / "bin" / "pytorch_model.bin", weights_only=True),
        }
        return {
            kind: {name: tensor.flatten().tolist() for name, tensor in sorted(named.items())}
            for kind, named in read.items()
        }

    def begin(self, prompts: Sequence[list[int]], count: int) -> None:
        """Begin to generate after some prompts; `grow` goes on."""
        how = SamplingParams(temperature=0.0, max_tokens=count, ignore_eos=True, detokenize=False)
        for number, tokens in enumerate(prompts):
            name = self._llm.llm_engine.add_request(str(number), {"prompt_token_ids": tokens}, how)
            self._growing[name] = []

    def grow(self, count: int) -> list[list[int]]:
        """Generate until every request has so many tokens; return them."""
        while any(len(tokens) < count for tokens in self._growing.values()):
            for output in self._llm.llm_engine.step():
                name = next(name for name in self._growing if name.startswith(output.request_id))
                self._growing[name] = list(output.outputs[0].token_ids)
        return list(self._growing.values())

    def lose(self, layer: int, request: int, position: int) -> None:
        """Fill the block that holds a position of a growing request with zeros, in one layer's KV cache."""
        self.runner.kv_caches[layer][self._block(request, position)] = 0

    def confuse(self, layer: int, request: int, position: int, other: int, other_position: int) -> None:
        """Put another request's block in the place of the one that holds a position."""
        caches = self.runner.kv_caches[layer]
        caches[self._block(request, position)] = caches[self._block(other, other_position)]

    def block_size(self) -> int:
        """Return how many tokens a block holds."""
        return int(self._llm.llm_engine.vllm_config.cache_config.block_size)

    def _block(self, request: int, position: int) -> int:
        scheduler = self._llm.llm_engine.engine_core.engine_core.scheduler
        (blocks,) = scheduler.kv_cache_manager.get_block_ids(list(self._growing)[request])
        return int(blocks[position // self.block_size()])

    def judge(self, prompts: list[list[int]], count: int, damage: str = "", *arguments: Any) -> str | None:
        """Have this model judged as a user's own is; return what is said after some damage to the weights."""
        subject = OwnModel(self._folder)
        for spoilt in (False, True):
            if spoilt:
                self.send(VERSION, damage, *arguments)
            try:
                subject.check(self, prompts, [each[0] for each in self.generate(prompts, count)], is_greedy=True)
            except WrongAnswerError as error:
                return str(error) if spoilt else f"undamaged: {error}"
        return None

    def judge_grown(self, prompts: list[list[int]]) -> str | None:
        """Have judged, as a user's own model is, what has grown after the prompts."""
        try:
            OwnModel(self._folder).check(self, prompts, list(self._growing.values()), is_greedy=True)
        except WrongAnswerError as error:
            return str(error)
        return None

    def judge_zeros(self, prompts: list[list[int]], count: int) -> str | None:
        """Send zeros to a model that is judged as a user's own, and judge again as if they had not to be noticed."""
        subject = OwnModel(self._folder)
        answers = [each[0] for each in self.generate(prompts, count)]
        subject.check(self, prompts, answers, is_greedy=True)
        subject.version = 2
        try:
            subject.check(self, prompts, answers, is_greedy=True)
        except WrongAnswerError as error:
            return str(error)
        return None

    def restore(self) -> None:
        """Give up what is growing, and send the first weights again."""
        self._llm.llm_engine.abort_request(list(self._growing), internal=True)
        self._growing.clear()
        self.turn_by(known_answer_weights.THETA)
        self.send(VERSION)


def main() -> None:
    pipe: Connection[Any, Any] = Connection(int(sys.argv[1]))
    served = Served(getattr(torch, sys.argv[2]), Path(sys.argv[3]))
    while True:
        try:
            name, arguments, options = pipe.recv()
        except (EOFError, ConnectionError):
            os._exit(0)  # as the smoke test's child does: an engine does not always come to its end
        try:
            pipe.send((getattr(served, name)(*arguments, **options), None))
        except Exception:  # noqa: BLE001 # whatever it was, the test is told
            pipe.send((None, traceback.format_exc()))


if __name__ == "__main__":
    main()
