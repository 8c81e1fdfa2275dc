"""What all tools are given: wheels of several vLLM releases, and one patch over three files of vLLM 0.7.2."""

from __future__ import annotations

import copy
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.battery import wheels
from benchmarks.battery.running import Command, must, program
from verl_doctor import releases

ROOT = Path(__file__).parents[2]
VERSION = "0.7.2"
PATCHES = ("vllm07-world-size-assert", "vllm07-local-rank", "vllm07-empty-cache")
FILES = (
    "vllm/distributed/parallel_state.py",
    "vllm/executor/uniproc_executor.py",
    "vllm/model_executor/model_loader/weight_utils.py",
)
RELEASES = {
    "0.7.2": FILES,
    "0.7.0": FILES,
    "0.7.3": FILES,
    "0.6.6": (FILES[0], FILES[2]),
}


@dataclass(slots=True)
class Workshop:
    """A folder with all of it; `patch` is the unified diff that `verl-doctor patch` prints, as a file."""

    folder: Path
    originals: dict[str, dict[str, bytes]] = field(default_factory=dict)
    patched: dict[str, bytes] = field(default_factory=dict)
    _cases: Path | None = None
    _made: int = 0

    def __post_init__(self) -> None:
        for version, files in RELEASES.items():
            release = releases.fetch("vllm", version, files)
            contents = {file: (release / file).read_bytes() for file in files}
            self.originals[version] = contents
            wheels.build(release, version, contents, self.wheels)
            if version == VERSION:
                wheels.build(release, version, contents, self.broken_wheels, is_broken=True)
        self._make_patch()

    @property
    def wheels(self) -> Path:
        """The folder with a wheel of each release."""
        return self.folder / "wheels"

    @property
    def broken_wheels(self) -> Path:
        """The folder with a wheel that cannot be imported."""
        return self.folder / "broken-wheels"

    @property
    def patch(self) -> Path:
        """The patch, with paths relative to the folder of packages, under a/ and b/."""
        return self.folder / "three-files.patch"

    def new_folder(self) -> Path:
        """Return a folder that nobody used."""
        self._made += 1
        path = (self._cases or self.folder / "cases") / str(self._made)
        path.mkdir(parents=True)
        return path

    def at(self, folder: Path) -> Workshop:
        """Return the same workshop with its new folders elsewhere."""
        moved = copy.copy(self)
        moved._cases = folder  # noqa: SLF001 # another of its own kind
        moved._made = 0  # noqa: SLF001 # another of its own kind
        return moved

    def _make_patch(self) -> None:
        """Take the patch from verl-doctor, and what it has to lead to from git."""
        site = self.folder / "sample"
        for name, content in self.originals[VERSION].items():
            (site / name).parent.mkdir(parents=True)
            (site / name).write_bytes(content)
        info = site / f"vllm-{VERSION}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VERSION}\n")
        diff = (sys.executable, "-m", "verl_doctor", "patch", *PATCHES, "--prefix", str(site))
        self.patch.write_bytes(subprocess.run(diff, cwd=ROOT, check=True, capture_output=True).stdout)
        must(Command(argv=(program("git", "git"), "apply", str(self.patch)), cwd=site))
        self.patched = {name: (site / name).read_bytes() for name in FILES}
