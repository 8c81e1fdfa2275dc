"""A child that does not come back fails the probe at its deadline, which says where the child was."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.smoke.processes import until
from tests.smoke.scene import Scene, session
from verl_doctor.smoke.probes import PROBES
from verl_doctor.smoke.run import Began, ProbeResult

AT = r", at line \d+ of script.py, in "


def hang(scene: Scene, body: str, *, ranks: int = 1) -> ProbeResult:
    """The result of a probe that runs the body and hangs; its time begins when every rank is there."""
    body = f"if probe != 'cuda-graphs': return\nnote(f'there-{{rank}}')\n{body}"
    results = {}
    with scene.running(body, scene.plan(session("import-vllm", "cuda-graphs", ranks=ranks))) as happenings:
        for happened in happenings:
            if isinstance(happened, ProbeResult):
                results[happened.name] = happened
            elif happened == Began("cuda-graphs"):
                until(lambda: all((scene.notes / f"there-{rank}").exists() for rank in range(ranks)))
    assert [result.outcome for result in results.values()] == ["passed", "failed"]
    return results["cuda-graphs"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        pytest.param("while True: time.sleep(10)", "act", id="in Python"),
        pytest.param("while True: pass", "act", id="busy"),
        pytest.param("ctypes.PyDLL(None).sleep(100)", "act", id="in C with the lock of Python"),
        pytest.param("while True: begin('rollout')", "(act|begin|say|encode|dumps|iterencode)", id="begins for ever"),
        pytest.param("end('rollout'); time.sleep(100)", "act", id="ends another probe"),
        pytest.param("say(b'{\"event\": '); time.sleep(100)", "act", id="half an event"),
    ],
)
def test_a_hang_ends_at_the_deadline(scene: Scene, body: str, where: str) -> None:
    result = hang(scene, body)
    told = rf"it did not come back within 0\.3 seconds, at line \d+ of \w+.py, in {where}"
    assert re.fullmatch(told, result.reason or ""), result.reason
    assert result.seconds >= 0.3


@pytest.mark.usefixtures("brief_grace")
def test_a_child_that_hangs_and_is_deaf_to_signals(scene: Scene) -> None:
    told = hang(scene, "deaf(); time.sleep(100)").reason
    assert re.fullmatch(rf"it did not come back within 0\.3 seconds{AT}act", told or "")


@pytest.mark.usefixtures("brief_grace", "brief_answer")
@pytest.mark.parametrize(
    ("body", "where"),
    [
        pytest.param("os.kill(os.getpid(), signal.SIGSTOP)", "", id="stopped"),
        pytest.param("signal.signal(signal.SIGQUIT, signal.SIG_IGN); time.sleep(100)", "", id="does not hear it"),
        pytest.param("while True: os.write(1, b'x' * 65536)", f"({AT}act)?", id="prints for ever"),
        pytest.param("while True: os.write(2, os.urandom(65536))", ".*", id="prints random bytes for ever"),
    ],
)
def test_a_child_that_does_not_say_where_it_is(scene: Scene, body: str, where: str) -> None:
    told = hang(scene, body).reason
    assert re.fullmatch(rf"it did not come back within 0\.3 seconds{where}", told or ""), told


@pytest.mark.usefixtures("brief_answer")
def test_an_interpreter_that_prints_and_never_runs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROBES, "rollout", replace(PROBES["rollout"], deadline=1))
    scene.wrapper("while :; do echo busy; sleep 0.01; done")
    failure = scene.results("", session("rollout"))["rollout"]
    assert failure.reason == "it did not come back within 1 seconds"
    assert "busy" in failure.detail


@pytest.mark.parametrize(
    ("silent", "who"), [pytest.param((1,), "rank 1", id="one"), pytest.param((0, 1), "rank 0, 1", id="both")]
)
def test_ranks_that_hang(scene: Scene, silent: tuple[int, ...], who: str) -> None:
    told = hang(scene, f"if rank in {silent}: time.sleep(100)", ranks=2).reason
    assert re.fullmatch(f"{who} did not come back within 0.3 seconds{AT}act", told or "")
