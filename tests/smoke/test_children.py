"""Whatever a child starts is ended with it, wherever it went and however the child ended."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.smoke.processes import is_running, until
from tests.smoke.scene import Scene, session
from verl_doctor.smoke import leftovers


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("pass", id="passes"),
        pytest.param("raise RuntimeError", id="fails"),
        pytest.param("os._exit(0)", id="leaves"),
        pytest.param("os.kill(os.getpid(), signal.SIGKILL)", id="is killed"),
        pytest.param("ctypes.string_at(0)", id="crashes"),
        pytest.param("time.sleep(100)", id="hangs"),
    ],
)
@pytest.mark.parametrize(
    "left",
    [
        pytest.param("fork('left')", id="a child"),
        pytest.param("fork('left', os.setsid)", id="in a session of its own"),
    ],
)
def test_a_process_that_outlives_its_parent(scene: Scene, left: str, end: str) -> None:
    scene.results(f"{left}\nnoted('left')\n{end}", session("cuda-graphs"))
    assert not is_running(int((scene.notes / "left").read_text()))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("fork('0', os.setsid, lambda: fork('1', os.setsid)); noted('0', '1')", id="of two generations"),
        pytest.param(
            "def leave(): fork('1', os.setsid); noted('1'); note('0'); os._exit(0)\nfork('', leave); noted('0')",
            id="orphaned",
        ),
        pytest.param("for n in range(5): fork(str(n), os.setsid)\nnoted(*'01234')", id="five"),
        pytest.param(
            "for n in range(2): fork(str(n), os.setsid, lambda: [fork(f'{n}{m}', os.setsid) for m in range(2)])\n"
            "noted('0', '1', '00', '01', '10', '11')",
            id="a tree of six",
        ),
        pytest.param("subprocess.Popen(['sleep', '100'], start_new_session=True)", id="another program"),
        pytest.param("subprocess.Popen(['sleep', '100'], env={})", id="another program without the mark"),
        pytest.param("if os.fork() == 0: os._exit(0)", id="that nobody reaps"),
    ],
)
def test_processes_that_end_when_asked(scene: Scene, body: str) -> None:
    assert scene.results(body)["import-vllm"].outcome == "passed"


@pytest.mark.usefixtures("brief_grace")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("fork('0', deaf); noted('0')", id="deaf to signals"),
        pytest.param("fork('0', os.setsid, deaf); noted('0')", id="deaf and in a session of its own"),
        pytest.param("for n in range(5): fork(str(n), os.setsid, deaf)\nnoted(*'01234')", id="five deaf ones"),
        pytest.param("fork('0', os.setsid, lambda: (note('0'), os.kill(os.getpid(), 19))); noted('0')", id="stopped"),
        pytest.param("deaf(); fork('0', os.setsid); noted('0')", id="all deaf"),
    ],
)
def test_processes_that_do_not_end_when_asked(scene: Scene, body: str) -> None:
    assert scene.results(f"{body}\nend(probe); sleep()")["import-vllm"].outcome == "passed"


def test_a_process_without_the_mark_in_a_session_of_its_own(scene: Scene) -> None:
    body = "left = subprocess.Popen(['sleep', '100'], env={}, start_new_session=True); note('left', left.pid); sleep()"
    scene.results(body, session("cuda-graphs"))
    assert not is_running(int((scene.notes / "left").read_text()))


def test_a_process_that_is_followed_by_another_when_it_is_asked_to_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = """
    def follow(*_):
        note("asked")
        noted("looked")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if os.fork():
            os._exit(0)
        note("heir")

    note("rank")
    fork("first", os.setsid, lambda: signal.signal(signal.SIGTERM, follow))
    noted("first")
    """

    def running(name: str) -> bool:
        return is_running(int((scene.notes / name).read_text()))

    def entries(folder: Path) -> list[Path]:
        listed = real(folder)
        if folder == Path("/proc") and (scene.notes / "asked").exists() and not running("rank"):
            (scene.notes / "looked").touch()
            until(lambda: (scene.notes / "heir").exists() and not running("first"))
        return listed

    real = leftovers._entries
    monkeypatch.setattr(leftovers, "_entries", entries)
    scene.results(body)
    try:
        assert not running("heir")
    finally:
        for pid in scene.living():
            os.kill(pid, signal.SIGKILL)
        until(lambda: not scene.living())


def test_what_tidies_up_after_a_process_gets_the_time_for_it(scene: Scene) -> None:
    body = """
    def tidy():
        deaf()
        note('ready')
        ended('child')
        note('tidied')
        os._exit(0)

    note('child')
    fork('', tidy)
    noted('ready')
    """
    assert scene.results(body)["import-vllm"].outcome == "passed"
    assert (scene.notes / "tidied").exists()


def test_the_folder_where_children_run_goes_with_them(scene: Scene) -> None:
    body = """
    folder = Path(TASK["work"])
    assert Path.cwd() == folder
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_bytes(bytes(10**6))
    (folder / "deep").chmod(0)
    note("folder", folder)
    """
    assert scene.results(body)["import-vllm"].outcome == "passed"
    assert not Path((scene.notes / "folder").read_text()).exists()
