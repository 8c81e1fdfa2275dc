"""The command when it is interrupted, killed, or started oddly: no child outlives it."""

from __future__ import annotations

import json
import signal
import textwrap

import pytest

from tests.smoke.parent import is_noted, scratch, started
from tests.smoke.processes import PATIENCE, until
from tests.smoke.scene import Scene

GRANDCHILDREN = "fork('1'); fork('2', os.setsid); noted('1', '2'); kept = SHARED.open('x'); note('there'); sleep()"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_command_leaves_nothing(scene: Scene, number: signal.Signals) -> None:
    with started(scene, GRANDCHILDREN) as command:
        is_noted(scene, "there")
        assert len(scene.living()) == 4
        command.send_signal(number)
        assert command.communicate(timeout=PATIENCE)[0] == ""
    assert command.returncode == 130
    assert scene.living() == []
    assert list(scratch(scene).iterdir()) == []


def test_a_command_that_is_interrupted_again_while_it_tidies_up(scene: Scene) -> None:
    body = """
    def hesitate(*_):
        note("asked")
        noted("go")
        os._exit(0)

    signal.signal(signal.SIGTERM, hesitate)
    note("there")
    sleep()
    """
    with started(scene, body) as command:
        is_noted(scene, "there")
        command.send_signal(signal.SIGINT)
        is_noted(scene, "asked")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            command.send_signal(number)
        (scene.notes / "go").touch()
        assert command.communicate(timeout=PATIENCE)[0] == ""
    assert command.returncode == 130
    assert scene.living() == []
    assert list(scratch(scene).iterdir()) == []


def test_an_interrupted_command_ends_a_child_that_does_not_want_to(scene: Scene) -> None:
    with started(scene, "deaf(); note('there'); ctypes.PyDLL(None).sleep(100)", before="rank.GRACE = 0.3") as command:
        is_noted(scene, "there")
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=PATIENCE)
    assert command.returncode == 130
    assert scene.living() == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("note('there'); sleep()", id="sleeps"),
        pytest.param("deaf(); note('there')\nwhile True: pass", id="deaf and busy"),
        pytest.param("note('there'); ctypes.PyDLL(None).sleep(100)", id="in C with the lock of Python"),
        pytest.param("note('there'); os.kill(os.getpid(), signal.SIGSTOP)", id="stopped"),
        pytest.param("for n in range(5): fork(str(n), deaf)\nnoted(*'01234'); note('there'); sleep()", id="a family"),
    ],
)
def test_no_child_outlives_a_command_that_is_killed(scene: Scene, body: str) -> None:
    with started(scene, body) as command:
        is_noted(scene, "there")
        command.kill()
        command.wait(PATIENCE)
        until(lambda: not scene.living())
    assert command.returncode == -signal.SIGKILL


def test_a_child_that_starts_after_the_command_was_killed_ends_at_once(scene: Scene) -> None:
    late = f"""
    import pathlib, time
    notes = pathlib.Path({str(scene.notes)!r})
    (notes / "there").touch()
    while not (notes / "go").exists():
        time.sleep(0.01)
    """
    with started(
        scene, "note('ran'); sleep()", before=f"rank._START = {textwrap.dedent(late)!r} + rank._START"
    ) as command:
        is_noted(scene, "there")
        command.kill()
        command.wait(PATIENCE)
        (scene.notes / "go").touch()
        until(lambda: not scene.living())
    assert not (scene.notes / "ran").exists()


@pytest.mark.parametrize(
    ("shell", "before", "code"),
    [
        pytest.param("", "signal.signal(signal.SIGHUP, signal.SIG_IGN)", 0, id="with nohup"),
        pytest.param("", "signal.signal(signal.SIGCHLD, signal.SIG_IGN)", 0, id="with SIGCHLD ignored"),
        pytest.param("", "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})", 0, id="with SIGTERM blocked"),
        pytest.param("<&-", "", 0, id="without standard input"),
        pytest.param("<&- >&- 2>&-", "", 3, id="without standard streams, so that there is no answer"),
    ],
)
def test_a_command_that_is_started_oddly(scene: Scene, shell: str, before: str, code: int) -> None:
    with started(scene, "note('ran')", "rollout", before=before, shell=shell) as command:
        command.communicate(timeout=PATIENCE)
    assert command.returncode == code
    assert (scene.notes / "ran").exists()
    assert scene.living() == []


def test_a_hangup_that_nohup_has_the_command_ignore(scene: Scene) -> None:
    ignored = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    with started(scene, "note('there'); noted('go')", "rollout", before=ignored) as command:
        is_noted(scene, "there")
        command.send_signal(signal.SIGHUP)
        (scene.notes / "go").touch()
        command.communicate(timeout=PATIENCE)
    assert command.returncode == 0


def test_a_child_that_dies_where_its_status_is_not_told(scene: Scene) -> None:
    ignored = "signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
    with started(scene, "os._exit(3)", "rollout", before=ignored) as command:
        output, _ = command.communicate(timeout=PATIENCE)
    (probe,) = (each for each in json.loads(output)["probes"] if each["name"] == "rollout")
    assert probe["reason"] == "the process ended before the probe ended"
    assert command.returncode == 1
