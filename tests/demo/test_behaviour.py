from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import Installed
from verl_doctor.demo import behaviour
from verl_doctor.errors import DoctorError
from verl_doctor.host import LocalHost, NotStarted, Run, TimedOut

STATE = "vllm/distributed/parallel_state.py"
EXECUTOR = "vllm/executor/uniproc_executor.py"
WEIGHTS = "vllm/model_executor/model_loader/weight_utils.py"
ENGINE = "vllm/engine/llm_engine.py"
SEQUENCE = "vllm/sequence.py"
PATHS = (STATE, EXECUTOR, WEIGHTS, ENGINE, SEQUENCE)
PATCHES = ("vllm07-world-size-assert", "vllm07-local-rank", "vllm07-empty-cache", "v0-n-gt1-leak")

# The smallest sources that do what the bugs do; the imports must never be run.
BUGGY = {
    STATE: """
        import torch
        _TP = _PP = None
        def initialize_model_parallel(tensor_model_parallel_size: int, pipeline_model_parallel_size: int):
            world_size = torch.distributed.get_world_size()
            tp, pp = tensor_model_parallel_size, pipeline_model_parallel_size
            if world_size != tp * pp:
                raise RuntimeError(f"world_size ({world_size}) is not equal to tensor_model_parallel_size ({tp}) "
                                   f"x pipeline_model_parallel_size ({pp})")
            groups = [[rank] for rank in range(world_size)]
            global _TP, _PP
            _TP = init_model_parallel_group(groups, get_world_group().local_rank, "x", group_name="tp")
            _PP = init_model_parallel_group(groups, get_world_group().local_rank, "x", group_name="pp")
        """,
    EXECUTOR: """
        import vllm.envs as envs
        class ExecutorWithExternalLauncher(UniProcExecutor):
            def _init_executor(self) -> Unknown:
                rank = int(os.environ["RANK"])
                local_rank = rank
                self.collective_rpc("init_worker", args=([dict(rank=rank, local_rank=local_rank)],))
        """,
    WEIGHTS: """
        import torch
        def pt_weights_iterator(files: Generator[str, torch.Tensor]):
            for file in tqdm(files, bar_format=_BAR_FORMAT):
                yield from torch.load(file).items()
                torch.cuda.empty_cache()
        """,
    ENGINE: """
        class LLMEngine:
            def step(self) -> list[RequestOutput]:
                finished = self.scheduler[0].get_and_reset_finished_requests_ids()
                self._process_model_outputs(ctx=None)
        """,
    SEQUENCE: """
        class SequenceGroupBase: ...
        class ParallelSampleSequenceGroup(SequenceGroupBase):
            def __init__(self):
                self.left = []
            @staticmethod
            def add_request(request_id: str, engine: LLMEngine, params: SamplingParams):
                group = ParallelSampleSequenceGroup()
                for i in range(params.n):
                    engine._add_processed_request(f"{request_id}-{i}", params=params)
                    engine.seq_id_to_seq_group[f"{request_id}-{i}"] = group
                    group.left.append(f"{request_id}-{i}")
            def maybe_assemble_group(self, seq_group: SequenceGroup):
                return seq_group if len(self.left) == 1 else None
            def finish_seq(self, seq: SequenceGroup):
                self.left.remove(seq.request_id)
        """,
}

ASKED = "finished = self.scheduler[0].get_and_reset_finished_requests_ids()"
FORGOTTEN = f"{ASKED}\n        for one in finished:\n            del self.seq_id_to_seq_group[one]"


def source(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return folder


def replace(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def cured(folder: Path) -> dict[str, bool]:
    return {seen.patch: seen.is_cured for seen in behaviour.observe(LocalHost(), folder)}


def test_the_bugs_are_seen(tmp_path: Path) -> None:
    seen = behaviour.observe(LocalHost(), source(tmp_path, BUGGY))
    assert tuple(one.patch for one in seen) == PATCHES
    assert [one.is_cured for one in seen] == [False] * 4
    assert seen[0].seen == (
        "RuntimeError: world_size (2) is not equal to tensor_model_parallel_size (1) x pipeline_model_parallel_size (1)"
    )


@pytest.mark.parametrize(
    ("patch", "name", "old", "new"),
    [
        (PATCHES[0], STATE, "world_size != tp * pp", "world_size % (tp * pp)"),
        (PATCHES[1], EXECUTOR, "local_rank = rank", 'local_rank = int(os.environ["LOCAL_RANK"])'),
        (PATCHES[2], WEIGHTS, "        torch.cuda.empty_cache()", ""),
        (PATCHES[3], ENGINE, ASKED, FORGOTTEN),
    ],
)
def test_each_cure_is_seen_alone(tmp_path: Path, patch: str, name: str, old: str, new: str) -> None:
    replace(source(tmp_path, BUGGY), name, old, new)
    assert cured(tmp_path) == {other: other == patch for other in PATCHES}


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        pytest.param(STATE, "is not equal", "differs", "initialize_model_parallel did neither", id="words"),
        pytest.param(STATE, "raise RuntimeError", "raise ValueError", "ValueError: world_size", id="error"),
        pytest.param(STATE, "torch.distributed.get_world_size()", "1", "did neither", id="groups"),
        pytest.param(STATE, "def initialize_model", "def set_up_model", "defines .* 0 times", id="gone"),
        pytest.param(STATE, "_PP = None", "_PP = (", "SyntaxError", id="syntax"),
        pytest.param(EXECUTOR, "local_rank = rank", "local_rank = 7", "_init_executor did neither", id="rank"),
        pytest.param(EXECUTOR, "init_worker", "start_worker", "KeyError: 'init_worker'", id="other call"),
        pytest.param(EXECUTOR, "= rank", "= torch.rank", "NameError: .*torch", id="no stand-in"),
        pytest.param(WEIGHTS, "yield from torch.load(file).items()", "yield 'x', 1", "did neither", id="weights"),
        pytest.param(WEIGHTS, "tqdm(files", "tqdm(files + files", "did neither", id="twice"),
        pytest.param(ENGINE, "self._process", "self._skip", "AttributeError: .*_skip", id="engine"),
        pytest.param(SEQUENCE, ".append(", ".remove(", "ValueError", id="samples"),
        pytest.param(WEIGHTS, "yield from", "raise SystemExit(3); yield", "status 3", id="exit"),
    ],
)
def test_anything_else_proves_nothing(tmp_path: Path, name: str, old: str, new: str, message: str) -> None:
    replace(source(tmp_path, BUGGY), name, old, new)
    with pytest.raises(DoctorError, match=message) as caught:
        behaviour.observe(LocalHost(), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DoctorError, match=r"No such file.*parallel_state\.py"):
        behaviour.observe(LocalHost(), tmp_path)


@dataclass
class Deaf(LocalHost):
    """A machine on which nothing runs as it should."""

    run_result: Run

    def run(self, argv: object, deadline: float) -> Run:  # noqa: ARG002  # what a host is asked
        return self.run_result


@pytest.mark.parametrize(
    ("run", "message"),
    [(TimedOut(30.0), "within 30 seconds"), (NotStarted("python: Permission denied"), "Permission denied")],
)
def test_a_process_that_does_not_answer_proves_nothing(run: Run, message: str, tmp_path: Path) -> None:
    with pytest.raises(DoctorError, match=message):
        behaviour.observe(Deaf(run), tmp_path)


def test_nothing_of_the_target_is_imported(tmp_path: Path) -> None:
    source(tmp_path, BUGGY)
    source(tmp_path, {"vllm/__init__.py": "raise SystemExit(9)", "os.py": "raise SystemExit(9)"})
    assert len(cured(tmp_path)) == 4


@pytest.mark.real
@pytest.mark.parametrize("version", ["0.7.0", "0.7.1", "0.7.2"])
def test_the_real_functions(installed: Installed, version: str) -> None:
    folder = installed("vllm", version, PATHS)
    assert cured(folder) == dict.fromkeys(PATCHES, False)
    replace(folder, STATE, "if (world_size", "if False and (world_size")
    replace(folder, EXECUTOR, "local_rank = rank\n", 'local_rank = int(os.environ["LOCAL_RANK"])\n')
    replace(
        folder,
        WEIGHTS,
        "yield from state.items()\n        del state\n        torch.cuda.empty_cache()\n\n\ndef get_gguf",
        "yield from state.items()\n        del state\n\n\ndef get_gguf",
    )
    replace(
        folder,
        ENGINE,
        "virtual_engine].get_and_reset_finished_requests_ids()\n",
        "virtual_engine].get_and_reset_finished_requests_ids()\n"
        "            for one in finished_requests_ids:\n"
        "                del self.seq_id_to_seq_group[one]\n",
    )
    assert cured(folder) == dict.fromkeys(PATCHES, True)


@pytest.mark.real
def test_the_release_that_fixed_all_but_the_leak(installed: Installed) -> None:
    fixed = dict.fromkeys(PATCHES, True)
    assert cured(installed("vllm", "0.7.3", PATHS)) == {**fixed, "v0-n-gt1-leak": False}
