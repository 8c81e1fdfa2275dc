"""What was done to a distribution's files, and their originals: kept in its own metadata folder, listed in its RECORD.

So an uninstall takes them along, a reinstall forgets them, and a revert has what it needs and leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from verl_doctor.errors import DataError, PatchRefusedError, TargetError, one_line
from verl_doctor.host import Host
from verl_doctor.patching import record
from verl_doctor.patching.place import STORE, Place
from verl_doctor.patching.writing import content
from verl_doctor.patching.writing.change import Change

SCHEMA_VERSION: Final = "1"
RECEIPT: Final = "receipt.json"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was done to one file: by which patches, when, by which verl-doctor, and what it was before.

    `row` is the file's row in RECORD before the first patch.
    """

    file: str
    patches: tuple[str, ...]
    sha256_before: str
    sha256_after: str
    row: str | None
    doctor: str
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The receipts of one distribution, by file, and the originals by digest."""

    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    originals: Mapping[str, bytes] = field(default_factory=dict)


def read(host: Host, place: Place) -> Ledger:
    """Return a distribution's ledger. Raises DataError for one that cannot be read as such."""
    path = place.store / RECEIPT
    if host.is_file(place.store):
        raise DataError(
            f"{place.store} is a file, where verl-doctor keeps a folder of its own; it did not write that file. Remove "
            "it by hand."
        )
    written = content.read(host, path)
    if written is None:
        return Ledger()
    try:
        document = json.loads(written)
        if document["schema_version"] != SCHEMA_VERSION:
            raise DataError(
                f"{path} was written by another verl-doctor, in version {document['schema_version']!r}: use that one."
            )
        receipts = [_receipt(fields) for fields in document["files"]]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path} is not the receipt that verl-doctor writes ({one_line(error)}), so what was patched cannot be "
            f"told. Install {place.name} again, then remove {place.store} by hand."
        ) from error
    names = {receipt.sha256_before for receipt in receipts}
    originals = {name: content.read(host, place.store / _original(name)) for name in names}
    return Ledger(
        receipts={receipt.file: receipt for receipt in receipts},
        originals={name: original for name, original in originals.items() if original is not None},
    )


def changes(host: Host, place: Place, old: Ledger, new: Ledger, contents: Mapping[str, bytes]) -> list[Change]:
    """Return what to write beside the patched files: receipt, originals, RECORD.

    `contents` are the new contents of the files that change. Raises PatchRefusedError where there is no place for that.
    """
    if host.is_file(place.metadata):
        raise PatchRefusedError(
            f"Nothing was written: {place.metadata} is a file, so there is no folder to keep the originals of "
            f"{place.name} in. Install it with pip or uv."
        )
    after = _documents(new)
    names = sorted(_documents(old).keys() | after.keys())
    owner = place.metadata
    kept = [
        Change(place.store / name, content.read(host, place.store / name), after.get(name), owner) for name in names
    ]
    found = [change for change in kept if change.old != change.new]
    current = listing(host, place)
    if current is None:
        return [*found, *_listed(host, place, sorted(after))]
    own = f"{place.metadata.name}/{place.store.name}"
    updated = record.updated(
        current,
        _rows(current, place.metadata.parent, old, new, contents),
        own=own,
        own_rows=[record.row_for(f"{own}/{name}", document) for name, document in sorted(after.items())],
        site=place.metadata.parent,
    )
    return found if updated == current else [*found, Change(place.metadata / "RECORD", current, updated, owner)]


def _listed(host: Host, place: Place, names: Sequence[str]) -> Iterator[Change]:
    """Yield the change of the list by which pip uninstalls an .egg-info, where there is one."""
    path = place.metadata / "installed-files.txt"
    current = content.read(host, path)
    if current is not None:
        theirs = [line for line in current.splitlines(keepends=True) if not line.startswith(f"{STORE}/".encode())]
        updated = b"".join([*(f"{STORE}/{name}\n".encode() for name in names), *theirs])
        if updated != current:
            yield Change(path, current, updated, place.metadata)


def listing(host: Host, place: Place) -> bytes | None:
    """Return a distribution's RECORD, None where it has none. Raises TargetError for one that cannot be read."""
    path = place.metadata / "RECORD"
    if not host.is_file(path) and not host.is_dir(path) and os.path.lexists(path):
        raise TargetError(f"{path} is no file that can be read, such as a pipe; nothing was changed.")
    return content.read(host, path)


def _documents(ledger: Ledger) -> dict[str, bytes]:
    """Return the files that hold a ledger, by name; none for an empty one."""
    if not ledger.receipts:
        return {}
    document = {"schema_version": SCHEMA_VERSION, "files": [asdict(receipt) for receipt in ledger.receipts.values()]}
    text = json.dumps(document, indent=2) + "\n"
    return {RECEIPT: text.encode(), **{_original(name): original for name, original in ledger.originals.items()}}


def _rows(record_: bytes, site: Path, old: Ledger, new: Ledger, contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return the new rows of the files that change; a file whose receipt ends gets the row of before."""
    ended = {file: receipt.row for file, receipt in old.receipts.items() if file not in new.receipts}
    rows = {file: row for file, row in ended.items() if row is not None}
    for file in contents.keys() - rows.keys():
        current = record.row_of(record_, file, site)
        if current is not None:
            end = "\r" if current.endswith("\r") else ""
            rows[file] = record.row_for(file, contents[file], current.rstrip("\r")) + end
    return rows


def _original(name: str) -> str:
    return f"{name}.original"


def _receipt(fields: Mapping[str, Any]) -> Receipt:
    """Return a receipt as it was written. Raises TypeError or ValueError for one that was not written by us."""
    receipt = Receipt(**{**fields, "patches": tuple(fields["patches"])})
    texts = (receipt.file, *receipt.patches, receipt.sha256_before, receipt.sha256_after, receipt.row or "")
    if not all(isinstance(text, str) for text in texts) or isinstance(fields["patches"], str):
        raise TypeError("a text is none")
    path = PurePosixPath(receipt.file)
    if path.is_absolute() or ".." in path.parts or "\0" in receipt.file or not receipt.patches:
        raise ValueError(f"{receipt.file!r} is no file that could be patched")
    if not all(_DIGEST.fullmatch(digest) for digest in (receipt.sha256_before, receipt.sha256_after)):
        raise ValueError("a digest is none")
    if "\n" in (receipt.row or ""):
        raise ValueError("a row is more than one")
    return receipt


def ledger_of(receipts: Iterable[Receipt], originals: Mapping[str, bytes]) -> Ledger:
    """Return a ledger of these receipts, with the originals that they name and no others.

    Raises PatchRefusedError where one of those is gone.
    """
    kept = {receipt.file: receipt for receipt in receipts}
    gone = next((receipt.file for receipt in kept.values() if receipt.sha256_before not in originals), None)
    if gone:
        raise PatchRefusedError(
            f"Nothing was written: the original of {gone} is no longer kept beside its receipt, so it could not be put "
            "back. Reinstall the package that it belongs to."
        )
    names = {receipt.sha256_before for receipt in kept.values()}
    return Ledger(receipts=kept, originals={name: originals[name] for name in sorted(names)})
