"""overlayfs: a container image's layers, and a container's own on top."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from benchmarks.filesystems.mounting import had, need_kernel, unmount
from benchmarks.filesystems.system import Mounted, System


class Layers:
    """A stack of layers; what is written goes into the uppermost."""

    def __init__(self, folder: Path, mount: tuple[str, ...]) -> None:
        self.merged = folder / "merged"
        self.below = folder / "layers"
        self._folder = folder
        self._mount = mount
        for path in (self.merged, self.below / "0"):
            path.mkdir(parents=True)
        self._layers = ["0"]
        self._begin()

    def commit(self) -> None:
        """Make the uppermost layer one of the image's, and begin a new one, as `docker build` does."""
        unmount(self.merged)
        name = str(len(self._layers))
        (self._folder / "upper").rename(self.below / name)
        self._layers.insert(0, name)
        self._begin()

    def _begin(self) -> None:
        upper, work = self._folder / "upper", self._folder / f"work-{len(self._layers)}"
        for path in (upper, work):
            path.mkdir()
        lower = ":".join(str(self.below / name) for name in self._layers)
        had(*self._mount, "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", str(self.merged))


class Overlay(System):
    """What is installed is in a lower layer, from which it is copied up where it is written."""

    name = "overlay"
    how = "`mount -t overlay`; when vLLM is installed, what was written becomes a lower layer, under a new upper one."
    has_layers = True
    mount: ClassVar[tuple[str, ...]] = ("mount", "-t", "overlay", "none")

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        return need_kernel("overlay")

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        layers = Layers(folder, self.mount)
        try:
            yield Mounted(nodes=(layers.merged,), seal=layers.commit, below=layers.below)
        finally:
            unmount(layers.merged)


SYSTEM = Overlay
