"""Where an installed distribution is on disk: the files a patch edits, and the folder that describes it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.host import Host, LocalHost
from verl_doctor.patching.patch import Patch
from verl_doctor.target import Target

STORE: Final = "verl-doctor"
LEASE: Final = "verl-doctor.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An installed distribution on disk.

    `roots` are the folders that its modules may lie in, the first that has a file wins (an editable
    installation's checkout before site-packages); `metadata` is its .dist-info or .egg-info; `image` the folder that
    the whole environment lies in, where it is that of an unpacked image; `environment` the one that it has to lie in
    to be written to, None where that is no matter.
    """

    name: str
    version: str
    roots: tuple[Path, ...]
    metadata: Path
    image: Path
    environment: Path | None = None

    @property
    def checkout(self) -> Path | None:
        """The folder that an editable installation is a link to; None for any other."""
        return self.roots[0] if len(self.roots) > 1 else None

    @property
    def journal(self) -> Path:
        """Where an unfinished write is noted."""
        return self.metadata / "verl-doctor.journal"

    @property
    def locks(self) -> tuple[Path, ...]:
        """What a writer holds a lock on: the folders to write in, and the file that describes the distribution."""
        folders = (root for root in self.roots if LocalHost().is_dir(root))
        return (*folders, *_descriptions(self.metadata))

    @property
    def store(self) -> Path:
        """Where the receipt and the original files are kept."""
        return self.metadata / STORE

    @property
    def is_touched(self) -> bool:
        """Whether a receipt is kept here, or an unfinished write noted."""
        return os.path.lexists(self.store) or self.is_interrupted or self.is_leased

    @property
    def is_interrupted(self) -> bool:
        """Whether a write here was not finished, or not tidied up."""
        return os.path.lexists(self.journal) or os.path.lexists(f"{self.journal}-new")

    @property
    def is_leased(self) -> bool:
        """Whether somebody writes here, or died before anything was written."""
        return os.path.lexists(self.metadata / LEASE)

    @property
    def is_hidden(self) -> bool:
        """Whether this user cannot see what is in the metadata folder; then it counts as untouched."""
        try:
            os.lstat(self.store)
        except PermissionError:
            return True
        except OSError:
            return False
        return False

    @property
    def is_installed(self) -> bool:
        """Whether the distribution is still there."""
        return is_described(self.metadata)

    def holds(self, host: Host, folder: Path) -> bool:
        """Say whether a folder is part of this installation, and no link leads to it from elsewhere."""
        real = host.real(folder)
        is_inside = any(real.is_relative_to(host.real(root)) for root in self.roots)
        return is_inside and real.is_relative_to(host.real(self.image))

    def is_foreign(self, host: Host) -> bool:
        """Say whether it does not lie in the environment, which only sees it: others may see it, too."""
        folder, own = self.metadata.parent, self.environment
        return own is not None and not (folder.is_relative_to(own) or host.real(folder).is_relative_to(host.real(own)))

    def path(self, host: Host, file: str) -> Path | None:
        """Return where a file is, None where it is nowhere."""
        return next((root / file for root in self.roots if host.is_file(root / file)), None)


def is_described(metadata: Path) -> bool:
    """Say whether a metadata folder is that of an installed distribution: an uninstall takes its METADATA along."""
    return bool(_descriptions(metadata))


def _descriptions(metadata: Path) -> tuple[Path, ...]:
    """Return the files that describe a distribution, none that cannot be seen; an .egg-info may be a single file."""
    files = (metadata / "METADATA", metadata / "PKG-INFO", metadata)
    return tuple(file for file in files if LocalHost().is_file(file))


def installed(packages: Mapping[str, Distribution], name: str) -> Distribution | None:
    """Return a distribution that is installed, None for one of which only parts are left."""
    found = packages.get(name)
    if found is None or found.name.startswith("~"):
        return None
    if found.broken and not is_described(Path(found.location, found.metadata)):
        return None
    return found


def locate(target: Target, packages: Mapping[str, Distribution], name: str) -> Place | None:
    """Return where a distribution is; None where it is not installed."""
    found = installed(packages, name)
    return place_of(target, found) if found else None


def place_of(target: Target, found: Distribution) -> Place:
    """Return where a distribution is, or was before parts of it were removed."""
    location = Path(found.location)
    roots: tuple[Path, ...] = (location,)
    if found.editable:
        # Inside an unpacked image the checkout's path starts at the image's root.
        checkout = target.outside(found.editable)
        roots = (checkout, checkout / "src", location)
    is_alone = target.kind in ("venv", "conda") and target.root == "/" and not found.editable
    return Place(
        name=found.name,
        version=found.version,
        roots=roots,
        metadata=location / found.metadata,
        image=Path(target.root),
        environment=Path(target.prefix) if is_alone else None,
    )


def locate_all(target: Target, packages: Mapping[str, Distribution], patches: Iterable[Patch]) -> tuple[Place, ...]:
    """Return where the distributions of some patches are, and all that have been patched or are half so."""
    named = {patch.distribution for patch in patches}
    places = everything(target, packages)
    return tuple(place for name, place in places.items() if name in named or place.is_touched)


def everything(target: Target, packages: Mapping[str, Distribution]) -> dict[str, Place]:
    """Return where all distributions are that are installed."""
    places = {name: locate(target, packages, name) for name in packages}
    return {name: place for name, place in places.items() if place}
