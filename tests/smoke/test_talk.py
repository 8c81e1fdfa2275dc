"""Of several ranks, the one that stops first is told."""

from __future__ import annotations

import json
import re
import textwrap

import pytest

from tests.smoke.scene import Scene, session
from verl_doctor.smoke.probes import PROBES
from verl_doctor.smoke.run import ProbeResult

INVALID = "CUDA error: invalid device ordinal"
PEER = "ended('other'); raise RuntimeError('peer is gone')"
"""What a rank does that loses the other one."""


def sampling(scene: Scene, body: str) -> ProbeResult:
    """The result of a probe that two ranks run, after one that passes."""
    body = f"if probe == 'sampling':\n{textwrap.indent(body, '    ')}"
    return scene.results(body, session("import-vllm", "sampling", ranks=2))["sampling"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            f"if rank == 1: raise RuntimeError('{INVALID}')\nsleep()",
            f"rank 1: RuntimeError: {INVALID}",
            id="one fails, the other waits for ever",
        ),
        pytest.param(
            f"if rank == 1: note('other'); raise RuntimeError('first')\n{PEER}",
            "rank 1: RuntimeError: first",
            id="one fails, then the other",
        ),
        pytest.param(
            f"if rank == 1: note('other'); os.kill(os.getpid(), 9)\n{PEER}",
            "rank 1: the process was killed by SIGKILL, .*, before the probe ended",
            id="one is killed, then the other fails",
        ),
        pytest.param(
            "if rank == 1: note('other'); raise RuntimeError('first')\nended('other'); os._exit(4)",
            "rank 1: RuntimeError: first",
            id="one fails, then the other dies",
        ),
        pytest.param(
            "if rank == 0: os._exit(4)\nsleep()",
            "rank 0: the process ended with status 4 before the probe ended",
            id="one dies",
        ),
        pytest.param(
            "if rank == 0: ended('other'); os._exit(4)\nnote('other')",
            "rank 0: the process ended with status 4 before the probe ended",
            id="one passes and leaves, the other dies",
        ),
        pytest.param(
            "if rank == 0: say(b'x\\n')\nsleep()",
            r"rank 0: the process sent what is no event \(x\) before the probe ended",
            id="one talks nonsense",
        ),
    ],
)
def test_of_two_ranks_the_first_that_fails_is_told(scene: Scene, body: str, reason: str) -> None:
    result = sampling(scene, body)
    assert result.outcome == "failed"
    assert re.fullmatch(reason, result.reason or ""), result.reason
    assert result.seconds < PROBES["sampling"].deadline


@pytest.mark.usefixtures("brief_grace")
def test_of_two_ranks_one_closes_its_pipe(scene: Scene) -> None:
    result = sampling(scene, "if rank == 1: os.close(TASK['events'])\ntime.sleep(100)")
    assert result.reason == "rank 1: the process closed its pipe and went on before the probe ended"
    assert result.seconds < PROBES["sampling"].deadline


def test_one_rank_cannot_run_a_probe_here(scene: Scene) -> None:
    body = "from .errors import SkippedError\nif rank == 1: raise SkippedError('there is no NVLink')"
    result = scene.results(body, session("all-reduce", ranks=2))["all-reduce"]
    assert (result.outcome, result.reason) == ("skipped", "rank 1: there is no NVLink")


SLOW = "if probe == 'import-vllm' and rank == 0: ended('other')\n"
"""Rank 0 is slow: it goes on once the other one has passed all probes and left."""


def test_a_rank_that_is_slow(scene: Scene) -> None:
    body = f"{SLOW}if probe == 'sampling' and rank == 1: note('other')\nreturn {{'rank': rank}}"
    results = scene.results(body, session("import-vllm", "sampling", ranks=2))
    assert [results[name].outcome for name in ("import-vllm", "sampling")] == ["passed", "passed"]
    assert {result.measurements["rank"] for result in results.values()} == {0}


def test_a_fast_rank_that_fails_the_next_probe(scene: Scene) -> None:
    body = f"{SLOW}if probe == 'sampling' and rank == 1: note('other'); raise RuntimeError('too fast')"
    results = scene.results(body, session("import-vllm", "sampling", ranks=2))
    assert results["import-vllm"].outcome == "passed"
    assert results["sampling"].reason == "rank 1: RuntimeError: too fast"


def test_what_ranks_are_told(scene: Scene) -> None:
    body = """
    keys = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR")
    note(str(rank), json.dumps([TASK["rank"], TASK["world"], *(os.environ.get(key) for key in keys)]))
    """
    scene.results(body, session("all-reduce", ranks=2))
    told = [json.loads((scene.notes / str(rank)).read_text()) for rank in (0, 1)]
    assert told == [[rank, 2, str(rank), "2", "0", "1", "127.0.0.1"] for rank in (0, 1)]
