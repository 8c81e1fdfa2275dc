"""What a file system has to tell: how it is made and mounted, and what can be asked there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

Kind = Literal["writable", "read-only", "full"]


def _nothing() -> None:
    """Leave a file system as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """A mounted file system.

    `nodes` are one folder as each node sees it, `truth` the same on its server, where nothing is cached. `seal` is
    called when vLLM is installed, and may make the file system read-only, or begin a new layer; `below` is a folder in
    which nothing may change from then on.
    """

    nodes: tuple[Path, ...]
    truth: Path | None = None
    seal: Callable[[], None] = _nothing
    below: Path | None = None


class System(ABC):
    """A file system; where it cannot be had, `version` or `mounted` raises UnavailableError with the reason."""

    name: ClassVar[str]
    how: ClassVar[str]
    """How it was made and mounted, in Markdown."""
    kind: ClassVar[Kind] = "writable"
    link_mode: ClassVar[str] = "hardlink"
    """How uv puts files from its cache in place."""
    every: ClassVar[int] = 1
    """A run is killed before each so many of its operations."""
    nodes: ClassVar[int] = 1
    settles: ClassVar[float] = 0.0
    """Seconds after which each node sees for certain what another wrote."""
    has_layers: ClassVar[bool] = False

    @abstractmethod
    def version(self) -> str:
        """Return the versions of the programs that make it."""

    @abstractmethod
    def mounted(self, folder: Path) -> AbstractContextManager[Mounted]:
        """Make and mount it in an empty folder; all is unmounted and ended afterwards."""
