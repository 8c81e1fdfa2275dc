"""What receipts tell of patched files beside what is found in them: who patched, and whether somebody edited since."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace

from verl_doctor.errors import DataError, TargetError
from verl_doctor.facts.packages import Distribution
from verl_doctor.host import Host
from verl_doctor.patching.place import Place, everything
from verl_doctor.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A patch that verl-doctor applied to a file; `is_changed` if the file is no longer as it was left."""

    patch: str
    distribution: str
    version: str
    file: str
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All that receipts tell, and why some tell nothing."""

    found: tuple[Recorded, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def patches(self) -> set[str]:
        """The names of the patches."""
        return {each.patch for each in self.found}

    def about(self, names: Container[str]) -> Records:
        """Return what is told of these patches."""
        return replace(self, found=tuple(each for each in self.found if each.patch in names))


def recorded(host: Host, target: Target, packages: Mapping[str, Distribution]) -> Records:
    """Return what receipts tell; nothing of a file that is as it was before its patches."""
    found: list[Recorded] = []
    unreadable: list[str] = []
    for name, place in everything(target, packages).items():
        if not place.store.is_dir():
            continue
        try:
            found.extend(_in(host, name, place))
        except (DataError, TargetError) as error:
            unreadable.append(str(error))
    return Records(found=tuple(found), unreadable=tuple(unreadable))


def _in(host: Host, distribution: str, place: Place) -> Iterator[Recorded]:
    from verl_doctor.patching import receipts  # loads OpenSSL, which few runs need
    from verl_doctor.patching.writing import content  # loads OpenSSL, which few runs need
    from verl_doctor.patching.writing.change import sha256

    for receipt in receipts.read(host, place).receipts.values():
        path = place.path(host, receipt.file)
        current = content.read(host, path) if path else None
        digest = None if current is None else sha256(current)
        if digest == receipt.sha256_before:
            continue
        for patch in receipt.patches:
            yield Recorded(
                patch=patch,
                distribution=distribution,
                version=place.version,
                file=receipt.file,
                is_changed=digest != receipt.sha256_after,
            )
