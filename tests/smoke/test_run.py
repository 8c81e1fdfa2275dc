"""Each probe runs once and is told in order, whatever becomes of others; what then cannot pass is skipped."""

from __future__ import annotations

import re
import resource
import time
from itertools import groupby
from operator import itemgetter

import pytest

from tests.smoke.processes import descriptors
from tests.smoke.scene import Scene, session
from verl_doctor.facts.secrets import HIDDEN
from verl_doctor.smoke.run import Began, ProbeResult

NAMES = ("import-vllm", "arithmetic", "bin-checkpoint", "rollout", "flash-attention")
ENGINE = ("rollout", "sampling", "eager-rollout")
RAN = "with (NOTES / 'ran').open('a') as ran: ran.write(f'{os.getpid()} {probe}\\n')\n"


@pytest.mark.parametrize(
    ("body", "outcomes", "ran"),
    [
        pytest.param("", "passed passed passed passed passed", "0 1 2 3 4", id="all pass"),
        pytest.param(
            "if probe == 'arithmetic': raise RuntimeError",
            "passed failed passed passed passed",
            "0 1 | 2 3 4",
            id="one fails",
        ),
        pytest.param(
            "if probe == 'arithmetic': os._exit(1)", "passed failed passed passed passed", "0 1 | 2 3 4", id="one dies"
        ),
        pytest.param(
            "if probe != 'import-vllm': raise RuntimeError",
            "passed failed failed failed failed",
            "0 1 | 2 | 3 | 4",
            id="all but the first",
        ),
        pytest.param(
            "if probe == 'import-vllm': raise RuntimeError",
            "failed passed skipped skipped skipped",
            "0 | 1",
            id="the import fails",
        ),
        pytest.param(
            "if probe == 'rollout': raise RuntimeError",
            "passed passed passed failed passed",
            "0 1 2 3 | 4",
            id="the rollout fails",
        ),
        pytest.param(
            "from .errors import SkippedError\nif probe == 'rollout': raise SkippedError('not here')",
            "passed passed passed skipped passed",
            "0 1 2 3 4",
            id="one cannot run",
        ),
    ],
)
def test_each_probe_runs_once_and_is_told_in_order(scene: Scene, body: str, outcomes: str, ran: str) -> None:
    happened = scene.happens(RAN + body, session(*NAMES))
    results = [each for each in happened if isinstance(each, ProbeResult)]
    assert [(each.name, each.outcome) for each in results] == list(zip(NAMES, outcomes.split(), strict=True))
    notes = [line.split() for line in (scene.notes / "ran").read_text().splitlines()]
    children = [[str(NAMES.index(name)) for _, name in group] for _, group in groupby(notes, key=itemgetter(0))]
    assert " | ".join(map(" ".join, children)) == ran
    begun = [each.name for each in happened if isinstance(each, Began)]
    assert begun == [name for _, name in notes]
    for each in results:
        if each.outcome != "skipped" or each.reason == "not here":
            assert happened.index(Began(each.name)) == happened.index(each) - 1


def test_a_failed_rollout_is_why_the_rest_of_its_engine_is_skipped(scene: Scene) -> None:
    results = scene.results("if probe == 'rollout': raise RuntimeError", session("import-vllm"), session(*ENGINE))
    assert results["sampling"].reason == "the rollout fails"
    assert results["eager-rollout"].outcome == "passed"


def test_a_failed_import_is_why_the_rest_is_skipped(scene: Scene) -> None:
    results = scene.results("if probe == 'import-vllm': raise RuntimeError", session("import-vllm"), session(*ENGINE))
    assert {results[name].reason for name in ENGINE} == {"vLLM cannot be imported"}


def test_what_cannot_run_here_is_told_at_the_end(scene: Scene) -> None:
    with scene.running("", scene.plan(skipped={"all-reduce": "it needs two GPUs"})) as happenings:
        *_, last = happenings
    assert last == ProbeResult(name="all-reduce", outcome="skipped", reason="it needs two GPUs")


def test_no_probe_begins_after_the_time_for_all(scene: Scene) -> None:
    plan = scene.plan(session("import-vllm", "sampling"), session("rollout"), skipped={"all-reduce": "no"})
    with scene.running(RAN, plan, until=time.monotonic()) as happenings:
        happened = list(happenings)
    assert [each.name for each in happened if isinstance(each, ProbeResult)] == [
        *("import-vllm", "sampling", "rollout", "all-reduce")
    ]
    assert [each.reason for each in happened if isinstance(each, ProbeResult)][:3] == [
        "the time for the whole smoke test was over"
    ] * 3
    assert not (scene.notes / "ran").exists()


def test_the_probe_that_runs_when_the_time_for_all_is_over_fails(scene: Scene) -> None:
    plan = scene.plan(session("sampling", "sleep"))
    with scene.running("time.sleep(100)", plan, until=time.monotonic() + 1) as happenings:
        results = [each for each in happenings if isinstance(each, ProbeResult)]
    assert [(each.name, each.outcome) for each in results] == [("sampling", "failed"), ("sleep", "skipped")]
    assert re.match(r"it did not come back within (0\.\d+|1) seconds", results[0].reason or "")


@pytest.mark.parametrize("so_far", [pytest.param(1, id="before a child runs"), pytest.param(3, id="while one runs")])
def test_the_consumer_breaks_off(scene: Scene, so_far: int) -> None:
    body = "if probe == 'sampling': time.sleep(100)"
    with scene.running(body, scene.plan(session("import-vllm", "sampling"))) as happenings:
        happened = [next(happenings) for _ in range(so_far)]
        assert happened[-1] == Began("import-vllm" if so_far == 1 else "sampling")
        assert len(scene.living()) == (0 if so_far == 1 else 1)


def test_the_consumer_fails(scene: Scene) -> None:
    def consume() -> None:
        with scene.running("", scene.plan()) as happenings:
            for happened in happenings:
                if isinstance(happened, ProbeResult):
                    raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        consume()


def test_no_room_for_the_temporary_folder(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device", "/tmp/verl-doctor-x")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(OSError, match=r"No space left on device: '/tmp/verl-doctor-x'"):
        scene.happens("")


@pytest.mark.parametrize("free", range(7))
def test_no_descriptor_left(scene: Scene, free: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = {int(each.split()[0]) for each in descriptors()}
    limit = [number for number in range(len(taken) + free + 1) if number not in taken][free]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            scene.happens("")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_must_not_be_told_is_in_no_result(scene: Scene) -> None:
    scene.environ |= {"HF_TOKEN": "quite-a-secret", "WANDB_MODE": "offline-mode"}
    body = (
        "print('got', os.environ['HF_TOKEN'], 'beside', os.environ['WANDB_MODE'], 'on one line')\n"
        "print('https://me:pass-in-url@host/model')\nprint('API_KEY=visible-to-all')\n"
        "raise RuntimeError('401 for hf_' + 'a' * 30)"
    )
    failed = scene.failure(body)
    assert failed.reason == HIDDEN
    for secret in ("quite-a-secret", "pass-in-url", "visible-to-all", "hf_aaaa"):
        assert secret not in failed.detail
    assert "got <set, not shown> beside offline-mode on one line" in failed.detail
    assert "https://***@host/model" in failed.detail


def test_a_secret_is_in_no_measurement(scene: Scene) -> None:
    scene.environ |= {"HF_TOKEN": "quite-a-secret", "WANDB_MODE": "offline-mode"}
    body = (
        "environ = {'seen': 'it is ' + os.environ['HF_TOKEN'], 'wandb': os.environ['WANDB_MODE'], 'api_key': 'abc'}\n"
        "return {'environ': environ, 'urls': ['https://me:pass-in-url@host/model'], 'tokens': 64, 'gib': 1.5}"
    )
    (told,) = [each for each in scene.happens(body) if isinstance(each, ProbeResult)]
    assert told.outcome == "passed"
    assert {name: told.measurements[name] for name in ("environ", "urls", "tokens", "gib")} == {
        "environ": {"seen": f"it is {HIDDEN}", "wandb": "offline-mode", "api_key": HIDDEN},
        "urls": ["https://***@host/model"],
        "tokens": 64,
        "gib": 1.5,
    }


def test_a_secret_variable_is_in_no_reason(scene: Scene) -> None:
    scene.environ["MY_PASSWORD"] = "correct horse"
    assert (scene.failure("raise RuntimeError('denied: ' + os.environ['MY_PASSWORD'])").reason or "").endswith(HIDDEN)
