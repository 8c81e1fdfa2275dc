"""Options of a Slurm job: those of `#SBATCH` lines, and of `srun`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from verl_doctor.lint.document import Setting
from verl_doctor.lint.settings import setting
from verl_doctor.lint.shell.scope import Field
from verl_doctor.lint.shell.unit import Unit

if TYPE_CHECKING:
    from tree_sitter import Node

MARK: Final = "#SBATCH"
_LONG: Final = {
    "A": "account",
    "C": "constraint",
    "D": "chdir",
    "G": "gpus",
    "J": "job-name",
    "N": "nodes",
    "a": "array",
    "c": "cpus-per-task",
    "d": "dependency",
    "e": "error",
    "n": "ntasks",
    "o": "output",
    "p": "partition",
    "q": "qos",
    "t": "time",
    "w": "nodelist",
    "x": "exclude",
}
_FLAGS: Final = frozenset(
    [
        "contiguous",
        "exclusive",
        "hold",
        "label",
        "no-kill",
        "no-requeue",
        "overcommit",
        "overlap",
        "requeue",
        "spread-job",
        "unbuffered",
        "verbose",
        "wait",
    ]
)
"""Options that take no value, or only one after an equals sign."""


def batch(unit: Unit) -> tuple[Setting, ...]:
    """Return the options of the `#SBATCH` lines, which count before the first command only, as in sbatch."""
    settings: list[Setting] = []
    for node in unit.root.children:
        if node.type != "comment":
            break
        if unit.raw(node).startswith(MARK):
            settings.extend(_of_line(unit, node))
    return tuple(settings)


def _of_line(unit: Unit, node: Node) -> list[Setting]:
    words = list(_words(unit, node.start_byte + len(MARK), node.end_byte))
    settings = list(options(words))
    if len(settings) != 1:
        return settings
    return [replace(settings[0], whole=unit.without_statement(node))]


def _words(unit: Unit, start: int, end: int) -> Iterator[Field]:
    """Yield the words of a line up to a comment; quotes around one are taken off."""
    raw = unit.text.text
    while True:
        while start < end and raw[start].isspace():
            start += 1
        if start >= end or raw[start] == "#":
            return
        quote = raw[start] if raw[start] in "\"'" else ""
        stop = start + 1
        while stop < end and (raw[stop] != quote if quote else not raw[stop].isspace()):
            stop += 1
        inner = (start + 1, stop) if quote else (start, stop)
        stop = min(end, stop + len(quote))
        written = raw[start:stop]
        yield Field(text=unit.text.cut(*inner), whole=unit.span(start - 1, stop), written=written)
        start = stop


def options(words: Sequence[Field]) -> Iterator[Setting]:
    """Yield what options set, by their long names."""
    index = 0
    while index < len(words):
        word, text = words[index], words[index].text.text
        following = words[index + 1] if index + 1 < len(words) else None
        index += 1
        name, equals, _ = text.partition("=")
        if text.startswith("--") and equals:
            yield _valued(name[2:], word, len(name) + 1)
        elif text.startswith("-") and not text.startswith("--") and len(text) > 2:  # noqa: PLR2004 # -N2
            yield _valued(_LONG.get(text[1], text[1]), word, 3 if text[2] == "=" else 2)
        elif text.startswith("-") and len(text) > 1:
            plain = text[2:] if text.startswith("--") else _LONG.get(text[1], text[1])
            if plain in _FLAGS or following is None or following.text.text.startswith("-"):
                yield setting("slurm", plain, word.text, len(text), word.whole, word.written)
            else:
                yield _of_two(plain, word, following)
                index += 1


def _valued(name: str, word: Field, start: int) -> Setting:
    return setting("slurm", name, word.text, start, word.whole, word.written)


def _of_two(name: str, option: Field, value: Field) -> Setting:
    source = option.text.source
    is_next = option.whole.end == value.whole.start
    whole = source.span(option.whole.start, value.whole.end if is_next else option.whole.start)
    return setting("slurm", name, value.text, 0, whole, f"{option.written} {value.written}")
