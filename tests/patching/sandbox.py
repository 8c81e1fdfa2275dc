"""A site-packages with the files that the patches edit, in sources of our own writing."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from verl_doctor.facts import packages
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.host import LocalHost
from verl_doctor.patching import catalogue
from verl_doctor.patching.apply import apply, revert
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.plan import Plan
from verl_doctor.patching.state import states
from verl_doctor.patching.writing.disk import Disk
from verl_doctor.target import Target, find

ALL = ("vllm07-world-size-assert", "vllm07-local-rank", "vllm07-empty-cache", "v0-n-gt1-leak")
FILES = {patch.site().file: patch.examples[0].before.encode() for patch in catalogue.load(ALL)}
FIXED = {patch.site().file: patch.examples[0].after.encode() for patch in catalogue.load(ALL)}
WORLD_SIZE, LOCAL_RANK, EMPTY_CACHE, ENGINE = FILES

Snapshot = dict[str, tuple[bytes, int]]


def row(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}"


@dataclass(frozen=True)
class Sandbox:
    """An environment on disk; `site` holds the packages."""

    site: Path

    @property
    def host(self) -> LocalHost:
        return LocalHost()

    @property
    def target(self) -> Target:
        return find(self.host, prefix=self.site, own=self.site)

    @property
    def packages(self) -> dict[str, Distribution]:
        return packages.collect(self.host, self.target)

    @property
    def metadata(self) -> Path:
        return next(self.site.glob("vllm-*-info"))

    def patches(self, *names: str) -> tuple[Patch, ...]:
        return catalogue.load(names or ALL)

    def states(self) -> dict[str, str]:
        return {name: state.state for name, state in self.full_states().items()}

    def full_states(self) -> dict[str, PatchState]:
        return states(self.host, self.target, self.packages, self.patches())

    def apply(self, *names: str, disk: Disk | None = None, patience: float = 0.0) -> Plan:
        patches = self.patches(*names)
        return apply(self.host, self.target, self.packages, patches, disk=disk, patience=patience)

    def revert(self, *names: str, disk: Disk | None = None, patience: float = 0.0) -> Plan:
        patches = self.patches(*names) if names else ()
        return revert(self.host, self.target, self.packages, patches, disk=disk, patience=patience)

    def read(self, file: str) -> bytes:
        return (self.site / file).read_bytes()

    def write(self, file: str, content: bytes) -> None:
        path = self.site / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def snapshot(self) -> Snapshot:
        """Return every file with its content and mode, and every folder; bytecode excepted."""
        paths = [path for path in self.site.rglob("*") if "__pycache__" not in path.parts]
        found = {
            str(path.relative_to(self.site)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mode)
            for path in paths
        }
        assert len(found) == len(paths)
        return found

    def disagreements_with_record(self) -> list[str]:
        """Return the files for which RECORD has another digest or size, and those of the metadata it does not list."""
        wrong = []
        listed = set()
        with (self.metadata / "RECORD").open(newline="", encoding="utf-8") as file:
            for path, digest, size in csv.reader(file):
                listed.add(path)
                if not digest:
                    continue
                content = self.read(path)
                if row(path, content) != f"{path},{digest},{size}":
                    wrong.append(path)
        kept = {str(path.relative_to(self.site)) for path in self.metadata.rglob("*") if path.is_file()}
        return wrong + sorted(kept - listed)


def make(site: Path, version: str = "0.7.2", *, files: dict[str, bytes] | None = None, end: str = "\n") -> Sandbox:
    """Make a site-packages with vLLM and an unrelated package in it."""
    sandbox = Sandbox(site)
    contents = {
        "vllm/__init__.py": b"",
        **(FILES if files is None else files),
        f"vllm-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n".encode(),
        f"vllm-{version}.dist-info/INSTALLER": b"uv\n",
    }
    for path, content in contents.items():
        sandbox.write(path, content)
    rows = [row(path, content) for path, content in contents.items()]
    rows += ["../../../bin/vllm,,", '"vllm/a, b.py",,', f"vllm-{version}.dist-info/RECORD,,"]
    sandbox.write(f"vllm-{version}.dist-info/RECORD", "".join(row + end for row in rows).encode())
    sandbox.write("other-1.0.dist-info/METADATA", b"Name: other\nVersion: 1.0\n")
    return sandbox


def compile_all(sandbox: Sandbox, names: Iterable[str] = FILES) -> list[Path]:
    """Put bytecode of several interpreters and levels beside the files; return those of the files themselves."""
    made = []
    for name in names:
        path = sandbox.site / name
        folder = path.parent / "__pycache__"
        folder.mkdir(exist_ok=True)
        for tag in ("cpython-312", "cpython-312.opt-1", "cpython-310.opt-2", "pypy310"):
            made.append(folder / f"{path.stem}.{tag}.pyc")
            made[-1].write_bytes(b"stale")
        (folder / f"{path.stem}_of_another.cpython-312.pyc").write_bytes(b"fine")
    return made
