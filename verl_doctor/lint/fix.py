"""Makes the corrections that are safe, and makes sure of it: what comes out is read and judged again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from verl_doctor.errors import DoctorError
from verl_doctor.lint.beside import additions
from verl_doctor.lint.document import Document, Setting
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.judge import Judgement, key, touches
from verl_doctor.lint.read import read
from verl_doctor.model import Severity

_PASSES: Final = 20
"""How often corrections may follow from one another."""

Judge = Callable[[Document], Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A fault that was corrected, and the file as it was just before: a correction may bring up the next one."""

    document: Document
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A file after its corrections: what it says then, what was corrected, and what is left."""

    document: Document
    corrected: tuple[Correction, ...]
    left: Judgement


def fix(document: Document, judgement: Judgement, judge: Judge, is_kept: Callable[[Fault], bool]) -> Fixed:
    """Return the file with everything corrected that can be, but for what `is_kept`; nothing is written.

    Corrections that overlap wait for the next pass. One after which the file could not be read, had other settings
    changed, still had the fault, or had an error that is not to be corrected, is not made.
    """
    corrected: list[Correction] = []
    refused: set[Hashable] = set()
    for _ in range(_PASSES):
        chosen = _chosen(
            document, [each for each in judgement.faults if key(each) not in refused and not is_kept(each)]
        )
        if not chosen:
            break
        after = _corrected(document, chosen, judgement, judge, is_kept)
        if after is None and len(chosen) > 1:
            chosen, after = _one_by_one(document, chosen, judgement, judge, refused, is_kept)
        if after is None:
            refused.update(key(fault) for fault, _ in chosen)
            continue
        corrected.extend(Correction(document=document, fault=fault) for fault, _ in chosen)
        document, judgement = after
    return Fixed(document=document, corrected=tuple(corrected), left=judgement)


def edits_of(document: Document, fault: Fault) -> tuple[Edit, ...]:
    """Return all edits that correct a fault, with those that add settings; none where it cannot be corrected."""
    added = additions(document, fault)
    return () if added is None else (*fault.edits, *added)


def applied(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Return the bytes with these edits, none of which overlaps another."""
    for edit in sorted(edits, key=lambda each: (each.span.start, each.span.end), reverse=True):
        data = data[: edit.span.start] + edit.text.encode() + data[edit.span.end :]
    return data


_Chosen = Sequence[tuple[Fault, tuple[Edit, ...]]]
_After = tuple[Document, Judgement]


def _chosen(document: Document, faults: Iterable[Fault]) -> _Chosen:
    """Return the faults that can be corrected at once: the same edit may serve two, another place in it may not."""
    chosen: list[tuple[Fault, tuple[Edit, ...]]] = []
    taken: set[Edit] = set()
    for fault in faults:
        edits = edits_of(document, fault)
        if edits and not any(_overlap(edit, other) for edit in edits for other in taken):
            chosen.append((fault, edits))
            taken.update(edits)
    return chosen


def _overlap(one: Edit, other: Edit) -> bool:
    if one == other:
        return False
    first, second = one.span, other.span
    return (first.start < second.end and second.start < first.end) or first.start == second.start


def _one_by_one(  # noqa: PLR0913, PLR0917 - as `_corrected`, and what is refused
    document: Document,
    chosen: _Chosen,
    judgement: Judgement,
    judge: Judge,
    refused: set[Hashable],
    is_kept: Callable[[Fault], bool],
) -> tuple[_Chosen, _After | None]:
    """Return the first correction that can be made alone; those before it are refused."""
    for each in chosen:
        after = _corrected(document, [each], judgement, judge, is_kept)
        if after is not None:
            return [each], after
        refused.add(key(each[0]))
    return chosen, None


def _corrected(
    document: Document, chosen: _Chosen, judgement: Judgement, judge: Judge, is_kept: Callable[[Fault], bool]
) -> _After | None:
    edits = {edit for _, each in chosen for edit in each}
    try:
        after = read(document.path, applied(document.data, edits))
    except DoctorError:
        return None
    if after is None or not _keeps_the_rest(document, after, edits):
        return None
    judged = judge(after)
    cured = Counter(_kind_of(fault) for fault, _ in chosen)
    left, before = (Counter(map(_kind_of, each.faults)) for each in (judged, judgement))
    is_cured = all(left[kind] <= before[kind] - count for kind, count in cured.items())
    brings_up = any(
        fault.severity is Severity.ERROR
        and not before[_kind_of(fault)]
        and (is_kept(fault) or not edits_of(after, fault))
        for fault in judged.faults
    )
    return (after, judged) if is_cured and not brings_up else None


def _kind_of(fault: Fault) -> Hashable:
    return fault.id, fault.name, fault.setting.kind, fault.setting.name


def _keeps_the_rest(before: Document, after: Document, edits: Iterable[Edit]) -> bool:
    """Say whether the same is launched, with every setting as before that no edit touches."""
    places = [edit.span for edit in edits]
    if len(after.unread) > len(before.unread) or after.format != before.format:
        return False
    old, new = (_by_program(document) for document in (before, after))
    if [program for program, _ in old] != [program for program, _ in new]:
        return False
    for (_, settings), (_, now) in zip(old, new, strict=True):
        kept = Counter(_said(each) for each in settings if not touches(each, places) and not _follows(each))
        if kept - Counter(map(_said, now)):
            return False
    return True


def _by_program(document: Document) -> list[tuple[str | None, tuple[Setting, ...]]]:
    """Return what each program is given, and first all that no program of this file is given by itself."""
    loose = tuple(each for launch in document.launches if launch.program is None for each in launch.settings)
    programs = ((launch.program, launch.settings) for launch in document.launches if launch.program is not None)
    return [(None, loose), *programs]


def _said(setting: Setting) -> Hashable:
    return setting.kind, setting.name, setting.value, setting.sigil


def _follows(setting: Setting) -> bool:
    """Say whether a value in YAML points to another one, and so changes with it, as it should."""
    return setting.kind == "verl" and ": " in setting.written and "${" in setting.written
