"""A small wheel of a vLLM release: its published files that are patched, its METADATA without requirements."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

WHEEL = b"Wheel-Version: 1.0\nGenerator: battery\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
BROKEN = b'raise ImportError("vllm/_C.abi3.so: undefined symbol: _ZN3c104cuda9SetDeviceEi")\n'
_REQUIREMENTS = (b"Requires-Dist:", b"Requires-Python:", b"Provides-Extra:")


def build(release: Path, version: str, files: Mapping[str, bytes], folder: Path, *, is_broken: bool = False) -> Path:
    """Write the wheel into a folder. Where `is_broken`, importing vllm fails as with a torch of another build."""
    info = f"vllm-{version}.dist-info"
    contents = dict(files)
    for file in files:
        for parent in list(PurePosixPath(file).parents)[:-1]:
            contents[f"{parent}/__init__.py"] = b""
    if is_broken:
        contents["vllm/__init__.py"] = BROKEN
    contents[f"{info}/METADATA"] = _without_requirements((release / info / "METADATA").read_bytes())
    contents[f"{info}/WHEEL"] = WHEEL
    record = "".join(f"{name},{digest(content)},{len(content)}\n" for name, content in contents.items())
    contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"vllm-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def digest(content: bytes) -> str:
    """Return a content's digest as RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _without_requirements(metadata: bytes) -> bytes:
    head, blank, text = metadata.partition(b"\n\n")
    kept = [line for line in head.split(b"\n") if not line.startswith(_REQUIREMENTS)]
    return b"\n".join(kept) + blank + text
