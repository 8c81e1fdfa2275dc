"""Whether a file that a team's own patch names is one of the distribution that it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.patches import BUILT_IN
from verl_doctor.host import Host
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.place import Place


def objection(host: Host, place: Place, packages: Mapping[str, Distribution], patch: Patch) -> str | None:
    """Return why a file is not the patch's to edit, as the lists of installed files (RECORD) tell; None if it is.

    A checkout is in no such list; one that cannot be read says nothing.
    """
    if patch.id.startswith(BUILT_IN) or len(place.roots) > 1:
        return None
    from verl_doctor.patching import record

    file = patch.site(place.version).file
    listing = _read(host, place.metadata)
    if listing is not None and record.row_of(listing, file) is None:
        return f"{patch.distribution} {place.version} lists no {file} in its RECORD: check `file` of {patch.id}"
    for other in packages.values():
        metadata = Path(other.location, other.metadata)
        if metadata.parent != place.metadata.parent or metadata == place.metadata:
            continue
        theirs = _read(host, metadata) or b""
        if file.encode() in theirs and record.row_of(theirs, file):
            return f"{file} is also in the RECORD of {other.name} {other.version}: check `distribution` of {patch.id}"
    return None


def _read(host: Host, metadata: Path) -> bytes | None:
    try:
        return host.read(metadata / "RECORD")
    except OSError:
        return None
