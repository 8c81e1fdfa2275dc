"""Stand-ins for all that the V0 engine's step uses, with which the real step and the real samples of a request run.

No model, no GPU: every sequence has its last token after one round.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from verl_doctor.demo.taking import take

SAMPLES: Final = 8
PROMPTS: Final = 4


@dataclass
class Scheduler:
    """Runs every waiting sequence for one round; names those that finished when it is next asked, as vLLM's does."""

    waiting: list[SimpleNamespace] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    def schedule(self) -> tuple[list[Any], Any, bool]:
        """Plan a round with all that waits."""
        outputs = SimpleNamespace(
            is_empty=lambda: False,
            scheduled_seq_groups=self.waiting,
            **dict.fromkeys(
                (
                    "blocks_to_swap_in",
                    "blocks_to_swap_out",
                    "blocks_to_copy",
                    "num_lookahead_slots",
                    "running_queue_size",
                )
            ),
        )
        return [SimpleNamespace(state=SimpleNamespace(num_steps=1))], outputs, False

    def get_and_reset_finished_requests_ids(self) -> list[str]:
        """Tell once which requests have finished."""
        told, self.finished = self.finished, []
        return told


class Engine:
    """What `LLMEngine.step` and the samples of a request use of the engine, without a model."""

    def __init__(self) -> None:
        self.seq_id_to_seq_group: dict[str, Any] = {}
        self.parallel_config = SimpleNamespace(pipeline_parallel_size=1)
        self.scheduler_config = SimpleNamespace(is_multi_step=False)
        self.scheduler = [Scheduler()]
        nothing = SimpleNamespace(seq_group_metadata_list=None, scheduler_outputs=None, allow_async_output_proc=False)
        self.cached_scheduler_outputs = [nothing]
        self.scheduler_contexts = [SimpleNamespace(request_outputs=[], output_queue=[], append_output=lambda **_: None)]
        self.model_executor = SimpleNamespace(
            execute_model=lambda **_: [], stop_remote_worker_execution_loop=lambda: None
        )
        self.assembled = 0

    def _has_remaining_steps(self, _: object) -> bool:
        return False

    def _get_last_sampled_token_ids(self, _: int) -> None:
        return None

    def _add_processed_request(self, request_id: str, **_: object) -> SimpleNamespace:
        group = SimpleNamespace(
            request_id=request_id,
            seqs=[SimpleNamespace()],
            is_finished=lambda: True,
            **dict.fromkeys(
                (
                    "arrival_time", "lora_request", "pooling_params", "pooled_data", "encoder_seq", "trace_headers",
                    "prompt_adapter_request", "priority",
                )
            ),
        )  # fmt: skip
        self.scheduler[0].waiting.append(group)
        return group

    def _process_model_outputs(self, **_: object) -> None:
        """Every sequence has its last token: the answers are put together, and the scheduler frees the sequences."""
        waiting, self.scheduler[0].waiting = self.scheduler[0].waiting, []
        for sequence in waiting:
            group = self.seq_id_to_seq_group[sequence.request_id]
            self.assembled += group.maybe_assemble_group(sequence) is not None
            group.finish_seq(sequence)
            self.scheduler[0].finished.append(sequence.request_id)

    def do_log_stats(self, *_: object) -> None:
        """Log nothing."""

    def do_tracing(self, *_: object) -> None:
        """Trace nothing."""

    def has_unfinished_requests(self) -> bool:
        """Say whether any request waits."""
        return bool(self.scheduler[0].waiting)


class SamplingParams:
    """The sampling parameters of one request."""

    n, seed, output_kind, _real_n = SAMPLES, None, "final", None


def samples_of_a_request(sequence: Path) -> Any:
    """Return the real class that registers the samples of a request with the engine."""
    names = {
        "dataclass": dataclass,
        "field": field,
        "copy": copy,
        "SequenceGroup": SimpleNamespace,
        "SamplingParams": SamplingParams,
        "RequestOutputKind": SimpleNamespace(DELTA="delta"),
    }
    names["SequenceGroupBase"] = take(sequence, "SequenceGroupBase", names)
    return take(sequence, "ParallelSampleSequenceGroup", names)


def entries_after_each_round(engine_file: Path, sequence: Path, rounds: int) -> list[int]:
    """Generate SAMPLES answers to PROMPTS prompts, several times; return how many samples the engine then knows."""
    names = {
        "ParallelSampleSequenceGroup": samples_of_a_request(sequence),
        "ExecuteModelRequest": SimpleNamespace,
        "SchedulerOutputState": SimpleNamespace,
        "logger": SimpleNamespace(debug=lambda *_: None),
    }
    step: Callable[[Engine], object] = take(engine_file, "LLMEngine.step", names)
    engine, known = Engine(), []
    for number in range(rounds):
        for prompt in range(PROMPTS):
            names["ParallelSampleSequenceGroup"].add_request(f"{number}-{prompt}", engine, SamplingParams())
        step(engine)
        known.append(len(engine.seq_id_to_seq_group))
    if engine.assembled != rounds * PROMPTS:
        raise RuntimeError(f"{engine.assembled} of {rounds * PROMPTS} prompts were answered")
    return known
