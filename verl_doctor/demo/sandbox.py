"""A folder that looks like a virtual environment with vLLM 0.7.2, a verl of its time, and what both require."""

from __future__ import annotations

import csv
import io
import platform
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor import releases
from verl_doctor.releases import cache as shelves
from verl_doctor.releases import record

VLLM: Final = "0.7.2"

# Real files of real releases: None is every Python file, and the metadata always comes along.
PUBLISHED: Final[Mapping[tuple[str, str], Sequence[str] | None]] = {
    ("vllm", VLLM): None,
    ("torch", "2.5.1"): ("torch/version.py", "torch/share/cmake/Torch/TorchConfig.cmake"),
    ("verl", "0.3.0.post1"): ("verl/__init__.py", "verl/version/version"),
    ("tensordict", "0.6.2"): (),
    ("transformers", "4.49.0"): (),
}

# What the five need of others, in releases of the same months: only a name and a version each.
COMPANIONS: Final[Mapping[str, str]] = {
    "accelerate": "1.4.0",
    "aiohttp": "3.11.12",
    "blake3": "1.0.4",
    "cloudpickle": "3.1.1",
    "codetiming": "1.4.0",
    "compressed-tensors": "0.9.1",
    "datasets": "3.3.2",
    "depyf": "0.18.0",
    "dill": "0.3.8",
    "einops": "0.8.1",
    "fastapi": "0.115.8",
    "filelock": "3.17.0",
    "flash_attn": "2.7.4.post1",
    "fsspec": "2024.12.0",
    "gguf": "0.10.0",
    "huggingface-hub": "0.29.1",
    "hydra-core": "1.3.2",
    "importlib_metadata": "8.6.1",
    "Jinja2": "3.1.5",
    "lark": "1.2.2",
    "lm-format-enforcer": "0.10.10",
    "mistral_common": "1.5.3",
    "msgspec": "0.19.0",
    "networkx": "3.4.2",
    "numpy": "1.26.4",
    "nvidia-cublas-cu12": "12.4.5.8",
    "nvidia-cuda-cupti-cu12": "12.4.127",
    "nvidia-cuda-nvrtc-cu12": "12.4.127",
    "nvidia-cuda-runtime-cu12": "12.4.127",
    "nvidia-cudnn-cu12": "9.1.0.70",
    "nvidia-cufft-cu12": "11.2.1.3",
    "nvidia-curand-cu12": "10.3.5.147",
    "nvidia-cusolver-cu12": "11.6.1.9",
    "nvidia-cusparse-cu12": "12.3.1.170",
    "nvidia-ml-py": "12.570.86",
    "nvidia-nccl-cu12": "2.21.5",
    "nvidia-nvjitlink-cu12": "12.4.127",
    "nvidia-nvtx-cu12": "12.4.127",
    "openai": "1.63.2",
    "orjson": "3.10.15",
    "outlines": "0.1.11",
    "packaging": "24.2",
    "pandas": "2.2.3",
    "partial-json-parser": "0.2.1.1.post5",
    "peft": "0.14.0",
    "pillow": "11.1.0",
    "prometheus-fastapi-instrumentator": "7.0.2",
    "prometheus_client": "0.21.1",
    "protobuf": "5.29.3",
    "psutil": "7.0.0",
    "py-cpuinfo": "9.0.0",
    "pyarrow": "19.0.1",
    "pybind11": "2.13.6",
    "pydantic": "2.10.6",
    "pylatexenc": "2.10",
    "PyYAML": "6.0.2",
    "pyzmq": "26.2.1",
    "ray": "2.43.0",
    "regex": "2024.11.6",
    "requests": "2.32.3",
    "safetensors": "0.5.2",
    "sentencepiece": "0.2.0",
    "setuptools": "75.8.0",
    "six": "1.17.0",
    "sympy": "1.13.1",
    "tiktoken": "0.9.0",
    "tokenizers": "0.21.0",
    "torchaudio": "2.5.1",
    "torchdata": "0.11.0",
    "torchvision": "0.20.1",
    "tqdm": "4.67.1",
    "triton": "3.1.0",
    "typing_extensions": "4.12.2",
    "uvicorn": "0.34.0",
    "wandb": "0.19.7",
    "xformers": "0.0.28.post3",
    "xgrammar": "0.1.11",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Where the sandbox is, as a virtual environment tells it, and where its packages are."""

    prefix: Path
    site_packages: Path


def make(prefix: Path, cache: Path | None = None) -> Sandbox:
    """Make the sandbox below `prefix`; everything is fetched before the first file is written."""

    def fetch(item: tuple[tuple[str, str], Sequence[str] | None]) -> Path:
        (name, version), paths = item
        return releases.fetch(name, version, paths, cache)

    with ThreadPoolExecutor(len(PUBLISHED)) as pool:
        folders = list(pool.map(fetch, PUBLISHED.items()))
    version = _python_version()
    minor = ".".join(version.split(".")[:2])
    sandbox = Sandbox(prefix=prefix, site_packages=prefix / "lib" / f"python{minor}" / "site-packages")
    for folder in folders:
        shelves.copy(folder, sandbox.site_packages)
    for metadata in sandbox.site_packages.glob("*.dist-info"):
        _list_what_is_there(metadata / "RECORD")
    for name, release in COMPANIONS.items():
        _name(sandbox.site_packages, name, release)
    (prefix / "bin").mkdir()
    (prefix / "bin/python").symlink_to(sys.executable)
    (prefix / "pyvenv.cfg").write_text(
        f"home = {Path(sys.executable).parent}\ninclude-system-site-packages = false\nversion = {version}\n"
    )
    return sandbox


def unlike_published(sandbox: Sandbox, cache: Path | None = None) -> tuple[str, ...]:
    """Return the files of vLLM that are not, byte for byte, those of the release, or that one of both lacks."""
    release = releases.fetch("vllm", VLLM, None, cache)
    digests = record.parse((release / f"vllm-{VLLM}.dist-info/RECORD").read_text())
    published = {name for name in digests if name.startswith("vllm/") and name.endswith(".py")}
    there = {
        path.relative_to(sandbox.site_packages).as_posix(): path.read_bytes()
        for path in (sandbox.site_packages / "vllm").rglob("*")
        if path.is_file()
    }
    names = sorted(published | set(there))
    return tuple(name for name in names if not record.is_listed(digests, name, there.get(name, b"\0")))


def _python_version() -> str:
    """Return the version the sandbox says it has: this one's, up to 3.12, the newest that vLLM 0.7.2 knows."""
    return platform.python_version() if sys.version_info < (3, 13) else "3.12.9"


def _list_what_is_there(listing: Path) -> None:
    """Leave in a published RECORD the files that the sandbox has; the compiled ones are not fetched."""
    rows = csv.reader(listing.read_text().splitlines())
    _write(listing, [row for row in rows if row and (listing.parent.parent / row[0]).is_file()])


def _name(site_packages: Path, name: str, version: str) -> None:
    """Write the metadata of a distribution of which nothing but name and version matters."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    contents = {
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{folder}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    (site_packages / folder).mkdir()
    for path, content in contents.items():
        (site_packages / path).write_bytes(content)
    rows = [[path, record.digest(content), str(len(content))] for path, content in contents.items()]
    _write(site_packages / folder / "RECORD", [*rows, [f"{folder}/RECORD", "", ""]])


def _write(listing: Path, rows: Sequence[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    listing.write_text(text.getvalue())
