"""Which format a file has, and which files cannot be judged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from verl_doctor.lint.read import UnfitError, content, files, read

MAIN = "python3 -m verl.trainer.main_ppo a.b=1\n"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("run.sh", MAIN, "shell", id="name"),
        pytest.param("run", f"#!/usr/bin/env bash\n{MAIN}", "shell", id="first-line"),
        pytest.param("run", MAIN, "shell", id="content"),
        pytest.param("run", "export VLLM_USE_V1=0\n", "shell", id="content-exports"),
        pytest.param("job.sh", f"#!/bin/bash\n#SBATCH -N 2\n{MAIN}", "slurm", id="batch-options"),
        pytest.param("job", f"#SBATCH -N 2\n{MAIN}", "shell", id="one-option-and-no-first-line"),
        pytest.param("job.slurm", MAIN, "shell", id="batch-file-without-options"),
        pytest.param("c.yml", "actor_rollout_ref: {}\n", "hydra", id="configuration"),
        pytest.param("-", "trainer: {}\ndata: {}\n", "hydra", id="configuration-without-a-name"),
        pytest.param("c.yaml", "env_vars: {A: 1}\n", "ray-job", id="runtime-environment"),
        pytest.param("c.yaml", "a: [\n", "hydra", id="broken"),
        pytest.param("c.yaml", "trainer: {}\n", None, id="too-little"),
        pytest.param("Dockerfile.vllm", "FROM x\n", "dockerfile", id="dockerfile"),
        pytest.param("x.dockerfile", "FROM x\n", "dockerfile", id="dockerfile-at-the-end"),
        pytest.param("-", "# c\nFROM x\n", "dockerfile", id="dockerfile-without-a-name"),
        pytest.param("dockerfile.md", "FROM x\n", "dockerfile", id="named-for-one"),
        pytest.param("requirements-cuda.txt", "vllm\n", "requirements", id="requirements"),
        pytest.param("-", "vllm==1  # c\n--index-url x\n", "requirements", id="requirements-without-a-name"),
        pytest.param("run.py", "import verl\n", None, id="python"),
        pytest.param("run", "#!/usr/bin/env python3\nimport verl\n", None, id="python-without-a-name"),
        pytest.param("-", "hello: world\n", None, id="something"),
        pytest.param("-", "# only a comment\n", None, id="comment"),
    ],
)
def test_formats(name: str, text: str, expected: str | None) -> None:
    found = read(Path(name), text.encode())
    assert (found.format if found else None) == expected


@pytest.mark.parametrize("data", [b"", b" \n", b"\x00\x01", b"echo\n\x00"])
def test_unfit(data: bytes) -> None:
    with pytest.raises(UnfitError):
        read(Path("run.sh"), data)


def test_a_pipe_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.sh")
    pid = os.fork()
    if pid == 0:
        (tmp_path / "run.sh").write_text(MAIN)
        os._exit(0)
    assert content(tmp_path / "run.sh") == MAIN.encode()
    os.waitpid(pid, 0)


def test_what_folders_hold(tmp_path: Path) -> None:
    for name in ("b/run.sh", "a/c.yaml", "Dockerfile", ".hidden/run.sh", "a/x.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    named = tmp_path / "a/x.py"
    found = list(files([tmp_path, named]))
    names = [(path.relative_to(tmp_path).as_posix(), is_searched) for path, is_searched in found]
    assert names == [("Dockerfile", True), ("a/c.yaml", True), ("b/run.sh", True), ("a/x.py", False)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(UnfitError, match="Permission denied"):
        list(files([tmp_path]))
