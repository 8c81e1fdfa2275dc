"""The Ray recipe on a real cluster of one node: what is submitted is looked at, and then run."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from tests.examples.sandbox import Sandbox, parsed
from tests.examples.tools import EXAMPLES

pytestmark = [pytest.mark.ray, pytest.mark.real]
ATTEMPTS, MOMENT = 240, 0.25
"""How often, and after how many seconds, an agent that starts is asked for."""
RAY = f'exec "{sys.executable}" -m uv tool run --quiet --python "{sys.executable}" --from "ray[default]" ray "$@"'


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
        assert isinstance(port, int)
        return port


@pytest.fixture
def address(sandbox: Sandbox) -> Iterator[str]:
    """The address for jobs of a cluster whose Python is that of the environment which is fit."""
    sandbox.add("ray", RAY)
    sandbox.bin.joinpath("python3").symlink_to(sandbox.python("good"))
    port, jobs, agent = free_port(), free_port(), free_port()
    folder = Path("/tmp", f"ray-{os.getpid()}")  # the paths of sockets below it must be short
    started = sandbox.run(
        *("ray", "start", "--head", "--num-cpus", "1", "--port", str(port), "--dashboard-port", str(jobs)),
        *("--dashboard-agent-listen-port", str(agent), "--temp-dir", str(folder)),
        *("--disable-usage-stats", "--object-store-memory", "100000000"),
    )
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        _wait_for(agent)
        yield f"http://127.0.0.1:{jobs}"
    finally:
        for running in _processes_of(folder):
            with suppress(ProcessLookupError):
                os.kill(int(running.name), signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int) -> None:
    """Return once someone listens on a port: the agent that starts jobs comes up after the cluster."""
    for _ in range(ATTEMPTS):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(MOMENT)
        else:
            return
    pytest.fail("the cluster's agent does not start")


def _processes_of(folder: Path) -> list[Path]:
    """The processes that were told of this cluster's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = process.joinpath("cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words and int(process.name) != os.getpid():
            found.append(process)
    return found


def submitted(sandbox: Sandbox, address: str, policy: str) -> tuple[int, str]:
    """Submit a training with a policy beside it; the exit code, and what the job said."""
    job = sandbox.folder / "job"
    job.mkdir(exist_ok=True)
    for path in EXAMPLES.joinpath("ray").iterdir():
        job.joinpath(path.name).write_bytes(path.read_bytes())
    job.joinpath("verl-doctor.toml").write_text(policy)
    own = parsed(job / "runtime_env.yaml")
    own["env_vars"]["PATH"] = f"{sandbox.bin}:{os.environ['PATH']}"  # else the first python3 is that of this Ray
    job.joinpath("runtime_env.yaml").write_text(yaml.safe_dump(own))
    finished = sandbox.run("bash", "job/submit.sh", "printf", "<%s>", "two words", "$HOME", RAY_ADDRESS=address)
    return finished.returncode, finished.stdout + finished.stderr


def test_a_training_is_looked_at_and_then_run(sandbox: Sandbox, address: str) -> None:
    policy = sandbox.folder.joinpath("verl-doctor.toml").read_text()
    status, said = submitted(sandbox, address, policy)
    assert status == 0, said
    assert "HEALTHY" in said
    assert "<two words><$HOME>" in said
    status, said = submitted(sandbox, address, f'{policy}[expect]\nversions = {{ verl = "==0.1" }}\n')
    assert status != 0
    assert "version-unexpected" in said
    assert "<two words>" not in said
