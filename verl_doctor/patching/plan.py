"""What applying would do, found without writing anything: every diagnosis comes before the first write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from shlex import quote

from verl_doctor import __version__
from verl_doctor.errors import PatchRefusedError
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.host import Host
from verl_doctor.patching import catalogue, diff, receipts, record
from verl_doctor.patching.diagnosis import Absent, Applicable, Applied, Diagnosis, FixedUpstream, Unrecognised, diagnose
from verl_doctor.patching.patch import Before, Patch
from verl_doctor.patching.place import Place
from verl_doctor.patching.receipts import Ledger, Receipt
from verl_doctor.patching.stale import is_stale
from verl_doctor.patching.state import File, find, state_of
from verl_doctor.patching.writing import content
from verl_doctor.patching.writing.change import Change, sha256
from verl_doctor.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A file with its content before and after, and the patches that make the difference."""

    patches: tuple[str, ...]
    file: str
    place: Place
    path: Path
    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do. `states` are those found, `changes` all files to write, bookkeeping included."""

    states: Mapping[str, PatchState]
    edits: tuple[Edit, ...] = ()
    changes: tuple[Change, ...] = ()
    places: tuple[Place, ...] = ()

    def diff(self) -> bytes:
        """Return the edits as a unified diff."""
        return diff.whole(self.edits)


def plan_apply(host: Host, target: Target, packages: Mapping[str, Distribution], patches: Sequence[Patch] = ()) -> Plan:
    """Return what applying these patches, the usual ones without any, would do.

    Raises PatchRefusedError where one of them does not know the code of a release that has its bug, or undoes another.
    """
    edits: dict[Path, Edit] = {}
    diagnoses: dict[Patch, Diagnosis] = {}
    looked_at: dict[Path, list[Patch]] = {}
    for patch in patches or catalogue.usual(catalogue.built_in()):
        found = find(host, target, packages, patch)
        if isinstance(found, Absent):
            diagnoses[patch] = found
            continue
        edit = edits.get(found.path) or _untouched(host, found)
        diagnoses[patch] = diagnose(patch, found.place.version, edit.new)
        looked_at.setdefault(found.path, []).append(patch)
        if diagnoses[patch] == Applicable():
            new = edited(patch, found.place.version, found.path, edit.new)
            _refuse_undone(patch, found, (edit.new, new), looked_at[found.path])
            edits[found.path] = replace(edit, patches=(*edit.patches, patch.name), new=new)
    states = {patch.name: state_of(patch, packages, diagnosis) for patch, diagnosis in diagnoses.items()}
    _refuse_unrecognised(diagnoses, states)
    return Plan(
        states=states,
        edits=tuple(edits.values()),
        changes=tuple(_changes(host, edits.values())),
        places=tuple(dict.fromkeys(edit.place for edit in edits.values())),
    )


def edited(patch: Patch, version: str, path: Path, source: bytes) -> bytes:
    """Return a source without the bug. Raises PatchRefusedError where the edit does not have its effect."""
    from verl_doctor.patching.structure import examine

    structure = examine(patch, source, version)
    if isinstance(structure, Before) and diagnose(patch, version, structure.edited) in (Applied(), FixedUpstream()):
        return structure.edited
    raise PatchRefusedError(f"{patch.name} does not remove its bug from {path}; nothing was written.")


def _refuse_undone(patch: Patch, file: File, contents: tuple[bytes, bytes], earlier: Iterable[Patch]) -> None:
    """Raise PatchRefusedError where a patch undoes an earlier one in a file that it edits: they would take turns."""
    for other in earlier:
        had, has = (diagnose(other, file.place.version, each) in {Applied(), FixedUpstream()} for each in contents)
        if had and not has:
            raise PatchRefusedError(
                f"Nothing was written, because {patch.name} undoes {other.name} in {file.path}. "
                "Name the one of them that is to be applied."
            )


def _untouched(host: Host, file: File) -> Edit:
    current = content.read(host, file.path) or b""
    return Edit(patches=(), file=file.file, place=file.place, path=file.path, old=current, new=current)


def _refuse_unrecognised(diagnoses: Mapping[Patch, Diagnosis], states: Mapping[str, PatchState]) -> None:
    reasons = [
        diagnosis.reason
        if isinstance(diagnosis, Absent)
        else f"{states[patch.name].file} is not what {patch.name} knows: {diagnosis.reason}"
        for patch, diagnosis in diagnoses.items()
        if isinstance(diagnosis, Unrecognised | Absent) and diagnosis.is_affected
    ]
    if reasons:
        raise PatchRefusedError(f"Nothing was written, because {'; and '.join(dict.fromkeys(reasons))}.")


def _changes(host: Host, edits: Iterable[Edit]) -> Iterable[Change]:
    by_place: dict[Place, list[Edit]] = {}
    for edit in edits:
        by_place.setdefault(edit.place, []).append(edit)
    for place, mine in by_place.items():
        yield from changes(host, place, mine, _with_receipts(host, place, mine))


def changes(host: Host, place: Place, edits: Sequence[Edit], ledger: Ledger) -> list[Change]:
    """Return all files to write for edits in one distribution, and for the ledger it has afterwards.

    Raises PatchRefusedError where a link leads to one of them from outside the installation: others may share it.
    """
    contents = {edit.file: edit.new for edit in edits}
    found = [
        *(Change(edit.path, edit.old, edit.new, place.metadata) for edit in edits),
        *receipts.changes(host, place, receipts.read(host, place), ledger, contents),
    ]
    for folder in dict.fromkeys(change.path.parent for change in found):
        if not place.holds(host, folder):
            raise PatchRefusedError(_outside(host, place, folder))
    return found


def _outside(host: Host, place: Place, folder: Path) -> str:
    real = host.real(folder)
    if not real.is_relative_to(host.real(place.image)):
        return f"Nothing was written: {folder} is {real}, which is not in {place.image} but on this machine."
    return (
        f"Nothing was written: {folder} is a link to {real}, which other environments may use. "
        f"Patch {place.name} where it is installed."
    )


def _with_receipts(host: Host, place: Place, edits: Sequence[Edit]) -> Ledger:
    ledger = receipts.read(host, place)
    listing = receipts.listing(host, place) or b""
    written = {edit.file: _receipt(edit, ledger.receipts.get(edit.file), listing) for edit in edits}
    originals = {**ledger.originals, **{sha256(edit.old): edit.old for edit in edits}}
    return receipts.ledger_of({**ledger.receipts, **written}.values(), originals)


def _receipt(edit: Edit, earlier: Receipt | None, listing: bytes) -> Receipt:
    """Return the receipt of an edit; on top of an earlier one the original stays that of the first.

    Raises PatchRefusedError where the file was changed since: the earlier original could never be put back again.
    """
    old, row = sha256(edit.old), record.row_of(listing, edit.file, edit.place.metadata.parent)
    original, patches = old, edit.patches
    match earlier:
        case None:
            pass
        case Receipt(sha256_after=after) if after == old:
            original, patches, row = earlier.sha256_before, (*earlier.patches, *edit.patches), earlier.row
        case Receipt(sha256_before=before) if before == old:  # put back by hand, which leaves RECORD as it was
            row = earlier.row
        case Receipt() if row is not None and record.is_row_of(row, edit.file, edit.old):
            pass  # installed anew
        case Receipt() if is_stale(_others(earlier, edit), edit.place.version, edit.old, catalogue.built_in()):
            row = earlier.row
        case Receipt():
            raise PatchRefusedError(
                f"Nothing was written: {edit.path} was changed after verl-doctor patched it, so that its original "
                f"would be lost. Take that change out first, or {_anew(edit)}."
            )
    return Receipt(
        file=edit.file,
        patches=patches,
        sha256_before=original,
        sha256_after=sha256(edit.new),
        row=row,
        doctor=__version__,
        time=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )


def _others(earlier: Receipt, edit: Edit) -> Receipt:
    """Return a receipt without the patches that have just been found to be applicable."""
    return replace(earlier, patches=tuple(name for name in earlier.patches if name not in edit.patches))


def _anew(edit: Edit) -> str:
    """Return how the file of the release, or of the checkout, comes back."""
    if edit.place.checkout:
        return f"get the committed file back with `git -C {quote(str(edit.path.parent))} checkout -- {edit.path.name}`"
    return f"reinstall {edit.place.name}"
