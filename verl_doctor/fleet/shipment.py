"""The doctor as it travels to nodes that have nothing but Ray: its own code and what it imports, in one folder.

Nearly all of it is plain Python, for any release of it. libcst, which finds the place of an edit, has a compiled part:
it works on nodes with the same Python as here, and patches need it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

import verl_doctor

NAME: Final = "verl_doctor_shipment"
"""The one module that nodes see of it: what is in it is on no search path but the doctor's own."""
_LEFT_BEHIND: Final = frozenset({"ahocorasick-rs"})
"""Compiled, and imported by `diagnose` alone."""
_KEPT: Final = (".py", ".yaml", ".json", ".so", ".typed", ".css")


def pack(folder: Path) -> Path:
    """Make the shipment in a folder; return the package to send."""
    package = folder / NAME
    site = package / "site"
    site.mkdir(parents=True)
    (package / "__init__.py").write_text('"""verl-doctor, shipped to this node for one run."""\n')
    own = Path(verl_doctor.__file__).parent
    _copy_folder(own, site / "verl_doctor")
    _add_checkout(own.parent, site)
    for needed in _needed("verl-doctor"):
        _copy_distribution(needed, site)
    return package


def fits(version: tuple[int, int]) -> bool:
    """Say whether compiled parts of the shipment can be loaded by a Python of this version."""
    return version == sys.version_info[:2]


def _add_checkout(root: Path, site: Path) -> None:
    """Add what a checkout has beside the package, and a wheel inside it."""
    if (root / "patches").is_dir() and (root / "compat_matrix.yaml").is_file():
        _copy_folder(root / "patches", site / "patches")
        shutil.copyfile(root / "compat_matrix.yaml", site / "compat_matrix.yaml")


def _copy_folder(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        if file.suffix in _KEPT and file.is_file():
            _copy(file, target / file.relative_to(source))


def _copy_distribution(found: Distribution, site: Path) -> None:
    for file in found.files or ():
        if file.suffix in _KEPT and ".." not in file.parts and "tests" not in file.parts:
            _copy(Path(str(found.locate_file(file))), site / file)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _needed(name: str) -> Iterator[Distribution]:
    """Yield the distributions that another one requires here, and those that they require, each once."""
    seen = {name, *_LEFT_BEHIND}
    waiting = [name]
    while waiting:
        for line in distribution(waiting.pop()).requires or ():
            requirement = Requirement(line)
            key = requirement.name.lower().replace("_", "-").replace(".", "-")
            if key in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
                continue
            seen.add(key)
            try:
                yield distribution(requirement.name)
            except PackageNotFoundError:
                continue
            waiting.append(requirement.name)
