"""An entry as a page: headings, paragraphs, lists and lines of code, for whatever it is written in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verl_doctor.explain import words
from verl_doctor.explain.entry import Cure, Edit, Entry
from verl_doctor.model import Source


@dataclass(frozen=True, slots=True)
class Heading:
    """What the blocks after it are about."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text, in the lines in which it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines that stay whole: commands, and what a log says."""

    lines: tuple[str, ...]


Block = Heading | Paragraph | Items | Code


def head(entry: Entry) -> str:
    """Return the line under a page's name."""
    if entry.kind == "probe":
        return "probe of the smoke test"
    severity = entry.severity.value if entry.severity else "patch"
    return ", ".join((*entry.ids, severity, f"layer {entry.layer.value}"))


def blocks(entry: Entry) -> Iterator[Block]:
    """Yield what a page says under its name."""
    yield Paragraph(f"{entry.title}.")
    yield from paragraphs(entry.text)
    if entry.when:
        yield Heading("When")
        yield Items(tuple("; ".join(each) for each in entry.when))
    if entry.within:
        yield Heading("Only where")
        yield Items(tuple("; ".join(each) for each in entry.within))
    if entry.signatures:
        yield Heading("In a log")
        yield from _log(entry)
    if entry.launch:
        yield Heading("Settings that bring it about")
        yield Code(entry.launch)
    if entry.cures:
        yield Heading("Where it fails" if entry.kind == "probe" else "Cure")
        for number, cure in enumerate(entry.cures):
            yield from _cure(cure, is_first=number == 0)
    if entry.patch:
        yield Heading(f"Patch {entry.patch.id}")
        yield from patch(entry.patch)
        yield Code(entry.patch.commands)
    if entry.sources:
        yield Heading("Sources")
        yield Items(tuple(dict.fromkeys(map(_source, entry.sources))))


def _log(entry: Entry) -> Iterator[Block]:
    """Yield the lines of a log, those that count only in certain tracebacks apart."""
    framed = [pattern for pattern in entry.signatures if entry.frames and pattern not in entry.alone]
    plain = [pattern for pattern in entry.signatures if pattern not in framed]
    if plain:
        yield Code(tuple(dict.fromkeys(map(words.signature, plain))))
    if framed:
        yield Paragraph("Only in a traceback:" if not plain else "Only in a traceback, these too:")
        yield Code(tuple(dict.fromkeys(map(words.signature, framed))))
        yield Paragraph("It has to have a frame in one of these files or functions:")
        yield Code(tuple(dict.fromkeys(map(words.frame, entry.frames))))
    if entry.follows:
        yield Paragraph(words.follows(entry.follows))


def paragraphs(text: str) -> Iterator[Paragraph]:
    """Yield the paragraphs of a text."""
    yield from (Paragraph(part.strip()) for part in text.split("\n\n") if part.strip())


def patch(edit: Edit) -> Iterator[Block]:
    """Yield what a patch does and where."""
    yield from paragraphs(edit.text)
    see = f" See {' '.join(f'<{link}>' for link in edit.upstream)}." if edit.upstream else ""
    yield Paragraph(f"Edits {'; '.join(edit.edits)}.{see}")


def applied(edit: Edit) -> str:
    """Say whether a patch is applied where none is named."""
    return f"by name, where {edit.only_where}" if edit.only_where else "by default"


def _cure(cure: Cure, *, is_first: bool) -> Iterator[Block]:
    yield Paragraph(_where(cure.when, is_first=is_first) + cure.text)
    if cure.commands:
        yield Code(cure.commands)


def _where(when: Sequence[str], *, is_first: bool) -> str:
    """Say for which environments a cure is: the first that is for one counts, as in `check`."""
    if not when:
        return ""
    if tuple(when) == (words.OTHERWISE,):
        return "Otherwise: "
    return f"{'Where' if is_first else 'Otherwise, where'} {', or where '.join(when)}: "


def _source(source: Source) -> str:
    return f"{source.kind}: {source.reference}" + (f", seen {source.date}" if source.date else "")
