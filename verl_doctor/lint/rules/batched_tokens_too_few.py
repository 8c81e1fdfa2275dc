"""max_num_batched_tokens is less than the longest sequence.

verl 0.3.0 to 0.6.1 refuses that in its synchronous rollout while chunked prefill is on ("Enable chunked prefill,
max_num_batched_tokens is smaller than max_model_len"), although chunked prefill is made for it. Without chunked
prefill vLLM before 0.8 refuses it, since it could not schedule a full prompt. The longest sequence is
rollout.max_model_len, or data.max_prompt_length plus data.max_response_length.

Raise actor_rollout_ref.rollout.max_num_batched_tokens to the longest sequence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.certainty import graded
from verl_doctor.lint.configured import ROLLOUT, certain, configured, count, module, uses_vllm
from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.versions import released
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import values

ID: Final = "VD609"
NAME: Final = "batched-tokens-too-few"
SEVERITY: Final = Severity.ERROR
KEY: Final = f"{ROLLOUT}.max_num_batched_tokens"
_LENGTHS: Final = ("data.max_prompt_length", "data.max_response_length")


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the number of tokens where it is refused."""
    del matrix
    yield from graded(lambda here: _faults(here, facts), launch)


def _faults(launch: Launch, facts: Facts) -> Iterator[Fault]:
    start = configured(launch, facts)
    if start is None or module(launch) != "verl.trainer.main_ppo" or not uses_vllm(launch):
        return
    tokens, longest = count(launch, facts, KEY), _longest(launch, facts)
    setting = launch.setting("verl", KEY) or next(filter(None, (launch.setting("verl", key) for key in _LENGTHS)), None)
    who = _who_refuses(launch, facts, start.release)
    if tokens and longest and tokens < longest and setting and who:
        yield Fault(
            id=ID,
            name=NAME,
            severity=SEVERITY,
            setting=setting,
            message=f"{KEY} is {tokens}, less than the longest sequence of {longest} tokens, which {who} refuses.",
            remedy=Remedy(text=f"Set {KEY}={longest}."),
            edits=_edits(setting, longest),
            beside=() if setting.name == KEY else ((KEY, str(longest)),),
        )


def _edits(setting: Setting, longest: int) -> tuple[Edit, ...]:
    return (Edit(span=setting.literal, text=str(longest)),) if setting.name == KEY and setting.literal else ()


def _longest(launch: Launch, facts: Facts) -> int | None:
    """Return the length of the longest sequence; None where it is not certain."""
    told = certain(launch, facts, f"{ROLLOUT}.max_model_len")
    if told is not None and values.plain(told):
        return count(launch, facts, f"{ROLLOUT}.max_model_len")
    if launch.setting("verl", f"{ROLLOUT}.max_model_len") or launch.open:
        return None
    lengths = [count(launch, facts, key) for key in _LENGTHS]
    return None if None in lengths else sum(length for length in lengths if length)


def _who_refuses(launch: Launch, facts: Facts, verl: str) -> str | None:
    chunked = certain(launch, facts, f"{ROLLOUT}.enable_chunked_prefill")
    if chunked is None:
        return None
    if values.plain(chunked) is False:
        vllm = released(facts, "vllm")
        return f"vLLM {vllm} without chunked prefill" if vllm and satisfies(vllm, "<0.8.0") else None
    if satisfies(verl, ">=0.3.0.post0,<0.4.0"):
        return f"verl {verl} with chunked prefill"
    mode = certain(launch, facts, f"{ROLLOUT}.mode")
    in_sync = mode is not None and values.plain(mode) == "sync"
    return f"verl {verl} with chunked prefill" if in_sync and satisfies(verl, ">=0.4.0,<0.7.0.dev0") else None
