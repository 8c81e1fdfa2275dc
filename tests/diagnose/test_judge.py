"""Which known failure is the cause."""

from __future__ import annotations

import pytest

from tests.diagnose.telling import FORKING, diagnosis_of, story_of, traceback
from tests.facts_of import facts_of
from verl_doctor.diagnose.diagnosis import Diagnosis
from verl_doctor.diagnose.node import is_here

PICKLER = "tensordict-forkingpickler"
STEPS = "".join(f"(TaskRunner pid=1) step:{step} - actor/loss:0.1\n" for step in (1, 2, 3))
KEY_ERROR = traceback("KeyError: 'answer'", "/home/u/reward.py", "score")


def roles(found: Diagnosis) -> dict[str, tuple[str, str]]:
    return {match.known.name: (match.role, match.confidence) for match in found.matches}


def test_an_exception_that_says_so() -> None:
    found = diagnosis_of(traceback(FORKING))
    assert roles(found) == {PICKLER: ("cause", "high")}
    assert found.primary is not None
    assert found.primary.seen.line == 4
    assert found.has_failed


def test_a_line_that_says_so() -> None:
    assert roles(diagnosis_of(f"got {FORKING.partition(': ')[2]}\n")) == {PICKLER: ("cause", "medium")}


@pytest.mark.parametrize("before", ["# see: ", "- fix `", "+ echo '", "DEBUG 05-12 10:11:12 [x.py:1] "])
def test_what_is_only_mentioned_is_no_cause(before: str) -> None:
    found = diagnosis_of(f"{before}{FORKING.partition(': ')[2]}\n")
    assert roles(found) == {PICKLER: ("beside", "low")}
    assert not found.has_failed


def test_the_versions_that_the_log_tells_count() -> None:
    speak_for = diagnosis_of(f"tensordict==0.5.0\ntorch==2.6.0\n{traceback(FORKING)}")
    against = diagnosis_of(f"tensordict==0.6.2\ntorch==2.6.0\n{traceback(FORKING)}")
    assert speak_for.primary is not None
    assert speak_for.primary.because == "an error says so, and it occurs with tensordict 0.5.0, torch 2.6.0"
    assert roles(against) == {PICKLER: ("cause", "low")}


def test_the_node_counts_and_what_the_log_tells_goes_before() -> None:
    node = facts_of({"tensordict": "0.6.2", "torch": "2.6.0"})
    assert roles(diagnosis_of(traceback(FORKING), node=node)) == {PICKLER: ("cause", "low")}
    assert roles(diagnosis_of(f"tensordict==0.5.0\n{traceback(FORKING)}", node=node)) == {PICKLER: ("cause", "high")}


def test_where_the_log_was_written() -> None:
    story = story_of(traceback(FORKING, "/opt/venv/lib/python3.12/site-packages/verl/x.py"))
    assert is_here(story, facts_of().target)
    assert not is_here(story_of(traceback(FORKING, "/other/site-packages/verl/x.py")), facts_of().target)


def test_what_was_survived_is_no_cause() -> None:
    found = diagnosis_of(traceback(FORKING) + STEPS)
    assert roles(found) == {PICKLER: ("survived", "high")}
    assert not found.has_failed


def test_one_more_step_does_not_mean_that_it_was_survived() -> None:
    assert diagnosis_of(traceback(FORKING) + STEPS.splitlines()[0] + "\n").has_failed


def test_what_comes_back_after_it_was_survived_is_a_cause() -> None:
    found = diagnosis_of(traceback(FORKING) + STEPS + traceback(FORKING))
    assert found.primary is not None
    assert (found.primary.seen.line, found.primary.seen.times) == (11, 1)


def test_a_job_that_was_started_again() -> None:
    start = "Started a local Ray instance.\n"
    assert diagnosis_of(traceback(FORKING) + start).has_failed
    assert roles(diagnosis_of(traceback(FORKING) + start + STEPS)) == {PICKLER: ("survived", "high")}
    again = diagnosis_of(STEPS + traceback(FORKING) + start + STEPS.replace("step:3", "step:0"))
    assert not again.has_failed


def test_of_two_starts_the_later_counts() -> None:
    found = diagnosis_of(
        traceback(FORKING) + "Started a local Ray instance.\n" + traceback("RuntimeError: No CUDA GPUs are available")
    )
    assert found.primary is not None
    assert found.primary.known.name == "gpu-missing"


def test_an_exception_that_nobody_knows() -> None:
    found = diagnosis_of(KEY_ERROR)
    assert found.primary is None
    assert [(each.seen.line, each.own) for each in found.suspects] == [(4, "/home/u/reward.py, line 3, in score")]
    assert found.advice == "It was raised under code of your own; the environment need not be at fault."
    assert found.has_failed


def test_one_inside_installed_packages_is_for_check() -> None:
    found = diagnosis_of(traceback("AttributeError: module 'a' has no attribute 'b'"))
    assert found.advice is not None
    assert "check --deep" in found.advice


def test_a_warning_does_not_explain_what_ended_the_job() -> None:
    warning = "WARNING 05-12 10:11:12 [x.py:1] Setting the sleep level to 1 may cause a memory overflow\n"
    found = diagnosis_of(warning + KEY_ERROR)
    assert found.primary is None
    assert roles(found) == {"sleep-level2-ep": ("beside", "medium")}
    assert roles(diagnosis_of(warning)) == {"sleep-level2-ep": ("cause", "medium")}


def test_the_same_from_many_is_told_once() -> None:
    text = "".join(f"(W pid={pid}) {line}\n" for pid in range(8) for line in traceback(FORKING).splitlines())
    found = diagnosis_of(text + "(W pid=1) " + FORKING + " [repeated 5x across cluster]\n")
    assert found.primary is not None
    assert (found.primary.seen.times, len(found.primary.seen.writers)) == (13, 8)


def test_several_logs() -> None:
    found = diagnosis_of(STEPS, traceback(FORKING))
    assert found.primary is not None
    assert (found.primary.seen.file, found.primary.seen.line) == ("log1", 4)


def test_an_empty_log() -> None:
    found = diagnosis_of("")
    assert (found.matches, found.suspects, found.has_failed) == ((), (), False)


def test_what_other_processes_print_is_no_step() -> None:
    lines = "".join(
        f"(vLLMServer pid={n}) INFO 05-12 10:11:12 [x.py:1] Avg generation throughput: {n}.5 tokens/s\n"
        for n in range(9)
    )
    assert diagnosis_of(KEY_ERROR + lines).has_failed


def test_one_step_that_is_told_in_two_ways_is_one() -> None:
    bars = "Training Progress:  5%|#    | 5/100 [10:12<1:12:11, 41.2s/it]\n" * 3
    assert diagnosis_of("step:5 - a:1\n" + KEY_ERROR + bars + "step:5 - a:1\n" + bars).has_failed


def test_a_worker_that_connects_is_no_start() -> None:
    line = "(W pid=4) 2026-01-02 10:11:12,123 INFO worker.py:1567 -- Connecting to existing Ray cluster at address: x\n"
    assert diagnosis_of(KEY_ERROR + line + STEPS.splitlines()[0] + "\n").has_failed


def test_what_comes_after_an_exception_is_judged_by_itself() -> None:
    found = diagnosis_of(
        KEY_ERROR
        + "# if you get ImportError: cannot import name 'ForkingPickler' from 'torch.multiprocessing.reductions'\n"
    )
    assert roles(found) == {PICKLER: ("beside", "low")}
    assert [each.seen.record.kind for each in found.suspects] == ["KeyError"]


def test_what_torchrun_says_afterwards_explains_nothing() -> None:
    summary = (
        "E0512 10:11:12.000000 12 torch/api.py:869] failed (exitcode: 1) local_rank: 3 (pid: 12) of binary: python\n"
    )
    found = diagnosis_of(KEY_ERROR + summary)
    assert found.primary is None
    assert roles(found) == {"worker-died": ("consequence", "medium")}


def test_an_unknown_exception_before_the_cause_is_told_and_makes_it_less_sure() -> None:
    found = diagnosis_of(KEY_ERROR + "\n" + traceback(FORKING))
    assert roles(found) == {PICKLER: ("cause", "medium")}
    assert [each.seen.record.kind for each in found.suspects] == ["KeyError"]


def test_the_last_of_many_exceptions_is_not_forgotten() -> None:
    noise = "".join(traceback(f"ValueError: about {n}") + f"step:{n} - a:1\n" for n in range(300))
    found = diagnosis_of(noise + KEY_ERROR)
    assert [each.seen.record.kind for each in found.suspects][-1] == "KeyError"


def test_vague_exceptions_count_only_by_themselves() -> None:
    vague = traceback("subprocess.CalledProcessError: Command 'x' returned 1")
    assert [each.seen.record.kind for each in diagnosis_of(vague).suspects] == ["subprocess.CalledProcessError"]
    assert [each.seen.record.kind for each in diagnosis_of(vague + KEY_ERROR).suspects] == ["KeyError"]


def test_a_job_that_has_done_its_work_has_not_failed() -> None:
    end = STEPS + "(TaskRunner pid=1) Final validation metrics: 0.5\n"
    assert not diagnosis_of(end + KEY_ERROR).has_failed
    assert not diagnosis_of(STEPS + "TimeoutError: sandbox took 30 s, score 0\n").has_failed


def test_failures_that_show_alike_are_said_to() -> None:
    found = diagnosis_of("Duplicate GPU detected : rank 1 and rank 0 both on CUDA device 1b000\n")
    assert found.primary is not None
    assert found.primary.confidence == "low"
    assert "shows in the same way" in found.primary.because


def test_each_log_is_judged_by_its_own_versions() -> None:
    fails, fine = f"tensordict==0.5.0\ntorch==2.6.0\n{traceback(FORKING)}", "tensordict==0.10.0\n"
    for texts in ((fails, fine), (fine, fails)):
        found = diagnosis_of(*texts)
        assert roles(found) == {PICKLER: ("cause", "high")}
        assert found.versions["tensordict"].version == "0.5.0"


def test_what_one_job_survived_another_did_not() -> None:
    assert diagnosis_of(traceback(FORKING), traceback(FORKING) + STEPS).has_failed
    assert not diagnosis_of(traceback(FORKING) + STEPS, STEPS).has_failed


@pytest.mark.parametrize(
    "file", ["pandas/_libs/x.pxi", "/x/_raylet.pyx", "/workspace/verl/verl/trainer/main_ppo.py", "<string>"]
)
def test_what_is_not_code_of_the_users_own(file: str) -> None:
    assert diagnosis_of(traceback("KeyError: 1", file)).suspects[0].own is None


def test_packages_of_a_distribution() -> None:
    assert story_of(traceback(FORKING, "/usr/lib/python3/dist-packages/verl/x.py")).folders == {
        "/usr/lib/python3/dist-packages"
    }
