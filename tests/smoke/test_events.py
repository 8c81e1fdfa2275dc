"""What a child says through its pipe: how a probe ended, or nonsense."""

from __future__ import annotations

import re

import pytest

from tests.smoke.scene import Scene, session
from verl_doctor.smoke import rank

NO_EVENT = r"the process sent what is no event \({}\) before the probe ended"
UNSAYABLE = r"raise RuntimeError('\x1b[31mred\x1b[0m \x00\x07\udcffdone')"
INFINITE = '{"event":"end","probe":"sampling","outcome":"passed","measurements":{"a":1e999}}\\n'
FAKE = "{'event': 'end', 'probe': probe, 'outcome': 'failed', 'measurements': {}}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("sys.exit(7)", "SystemExit: 7", id="sys.exit"),
        pytest.param("sys.exit()", "SystemExit: SystemExit", id="sys.exit without a status"),
        pytest.param("raise KeyboardInterrupt", "KeyboardInterrupt: KeyboardInterrupt", id="interrupts itself"),
        pytest.param("raise RuntimeError('engine\\nand more')", "RuntimeError: engine", id="raises"),
        pytest.param(UNSAYABLE, "RuntimeError: red done", id="raises what cannot be shown"),
        pytest.param("raise RuntimeError('x' * 10**6)", "RuntimeError: x{386}", id="raises a megabyte"),
        pytest.param(
            "from .errors import WrongAnswerError as E; raise E('token 3 is 4 instead of 5')",
            "token 3 is 4 instead of 5",
            id="wrong answer",
        ),
        pytest.param(
            "import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'", id="import fails"
        ),
        pytest.param(
            "Path('bad.py').write_text('def ('); import bad", "SyntaxError: .*", id="syntax error in an import"
        ),
        pytest.param(
            "return {'speed': object()}",
            "the process ended with status 1 before the probe ended: "
            "TypeError: Object of type object is not JSON serializable",
            id="measures what JSON cannot say",
        ),
    ],
)
def test_what_a_probe_raises_is_told_in_one_line(scene: Scene, body: str, reason: str) -> None:
    failure = scene.failure(body)
    assert re.fullmatch(reason, failure.reason or ""), failure.reason
    assert all(line.isprintable() for line in failure.detail.split("\n"))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        pytest.param("return {'speed': [{'a': [[[1]]]}]}", ".*", id="measures too deep"),
        pytest.param("say(b'[' * 100_000 + b'\\n')", r"\[{100}", id="deeper than Python can"),
        pytest.param("say(b'tensor([1])\\n'); sleep()", r"tensor\(\[1\]\)", id="no JSON"),
        pytest.param("say({'hello': 1}); sleep()", ".*hello.*", id="JSON that is no event"),
        pytest.param("say(b'\\xff\\x00\\x1b[2J\\n'); sleep()", ".*", id="no text"),
        pytest.param("say(bytes(255 - n for n in range(256)) * 4096); sleep()", ".*", id="a megabyte of no text"),
        pytest.param("end(probe, 'splendid'); sleep()", ".*splendid.*", id="no outcome that there is"),
        pytest.param("say(b'1' * 5000 + b'\\n'); sleep()", "1{100}", id="a number too long"),
    ],
)
def test_what_is_no_event_ends_the_talk(scene: Scene, body: str, what: str) -> None:
    failure = scene.failure(body)
    assert re.fullmatch(NO_EVENT.format(what), failure.reason or ""), failure.reason


def test_an_event_without_end(scene: Scene) -> None:
    failure = scene.failure(f"say(b'x' * {rank.LONGEST + 1}); sleep()")
    assert failure.reason == "the process sent an event of more than 4 MiB before the probe ended"


@pytest.mark.parametrize(
    ("body", "measured"),
    [
        pytest.param(
            "return {'a': float('nan'), 'b': float('-inf'), 'c': 1.5}",
            {"a": None, "b": None, "c": 1.5},
            id="no numbers",
        ),
        pytest.param(f"say(b'{INFINITE}')", {"a": None}, id="too large a number"),
        pytest.param(
            "end(probe, measurements={'a': 1}); end(probe, 'failed', measurements={'a': 2})", {"a": 1}, id="ends twice"
        ),
        pytest.param("return {'a': 'x' * 10**6}", {"a": "x" * 10**6}, id="large"),
        pytest.param("begin(probe); begin(probe); return {'a': 1}", {"a": 1}, id="begins again"),
        pytest.param(
            "print('noise ' * 10**6); sys.stderr.write('\\x00' * 10**6); return {'a': 1}",
            {"a": 1},
            id="prints megabytes",
        ),
        pytest.param(f"print(json.dumps({FAKE})); return {{'a': 1}}", {"a": 1}, id="prints an event"),
    ],
)
def test_what_a_passed_probe_measured(scene: Scene, body: str, measured: dict[str, object]) -> None:
    names = ("import-vllm", "sampling", "rollout")
    result = scene.results(f"if probe == 'sampling':\n    {body}", session(*names))["sampling"]
    assert {key: value for key, value in result.measurements.items() if key != "seconds"} == measured
    assert result.outcome == "passed"


def test_an_end_without_a_begin(scene: Scene) -> None:
    event = '{"event": "end", "probe": "import-vllm", "outcome": "passed", "measurements": {}}\\n'
    start = f"import json, os, sys\nos.write(json.loads(sys.argv[1])['events'], b'{event}')"
    assert scene.results("", start=start)["import-vllm"].outcome == "passed"
