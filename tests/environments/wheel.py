"""Small real wheels: published files that patches edit, in packages that nobody can import."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from tests.patching.sandbox import row

FILES = (
    "vllm/distributed/parallel_state.py",
    "vllm/executor/uniproc_executor.py",
    "vllm/model_executor/model_loader/weight_utils.py",
)
WORLD_SIZE, LOCAL_RANK, EMPTY_CACHE = FILES
NAMES = ("vllm07-world-size-assert", "vllm07-local-rank", "vllm07-empty-cache")


def build(release: Path, files: Sequence[str], folder: Path) -> Path:
    """Build a wheel in a folder, with files of a release as published; importing its package raises."""
    packages = {str(parent) for file in files for parent in PurePosixPath(file).parents} - {"."}
    top = {package for package in packages if "/" not in package}
    contents = {
        **{f"{package}/__init__.py": b"" for package in sorted(packages - top)},
        **{f"{package}/__init__.py": b'raise ImportError("this must not be imported")\n' for package in sorted(top)},
        **{file: (release / file).read_bytes() for file in files},
    }
    return pack(release, contents, folder)


def pack(release: Path, contents: Mapping[str, bytes], folder: Path) -> Path:
    """Pack these files into a wheel, with the metadata of a release less what it requires."""
    (published,) = release.glob("*.dist-info")
    metadata = {
        str(path.relative_to(release)): path.read_bytes()
        for path in sorted(published.rglob("*"))
        if path.is_file() and path.name != "RECORD"
    }
    metadata[f"{published.name}/METADATA"] = _without_requirements((published / "METADATA").read_bytes())
    metadata[f"{published.name}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members = {**contents, **metadata}
    rows = [*(row(path, content) for path, content in members.items()), f"{published.name}/RECORD,,"]
    members[f"{published.name}/RECORD"] = "".join(f"{line}\n" for line in rows).encode()
    wheel = folder / f"{published.stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in members.items():
            archive.writestr(path, content)
    return wheel


def _without_requirements(metadata: bytes) -> bytes:
    head, end, description = metadata.partition(b"\n\n")
    kept = [line for line in head.split(b"\n") if not line.startswith((b"Requires-", b"Dynamic: requires-"))]
    return b"\n".join(kept) + end + description
