"""What differs between nodes for a person: the odd nodes out, never a line for every node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.text import Text

from verl_doctor import __version__
from verl_doctor.fleet.compare import Comparison, Difference
from verl_doctor.fleet.names import count, fold
from verl_doctor.model import Severity
from verl_doctor.report.fold import fold as fold_text
from verl_doctor.report.plain_text import in_a_line

_STYLES: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_MOST_THINGS: Final = 8
"""How many things of one kind are told in full: of packages, that a node has another lock file is told by the first."""
_MOST_SHARES: Final = 5
_MOST_CURES: Final = 3
_MOST_ODD: Final = 4
_MOST_FILES: Final = 6


def render(comparison: Comparison, console: Console) -> None:
    """Print the whole report."""
    console.print(
        Text.assemble((f"verl-doctor {__version__}", "bold"), f"  {count(len(comparison.nodes))} compared"),
        soft_wrap=True,
    )
    differences(comparison, console)
    for line in _notes(comparison):
        fold_text(console, 0, Text(line, style="magenta"))


def differences(comparison: Comparison, console: Console) -> None:
    """Print the verdict and what differs, each kind once."""
    console.print(Text.assemble("\n", *_verdict(comparison)), soft_wrap=True)
    if comparison.odd:
        console.print(Text("\nUnlike most", style="bold"))
        for line in _odd(comparison):
            fold_text(console, 2, Text(line))
    _kinds(comparison.differences, console)
    if comparison.allowed:
        console.print(Text("\nAllowed by you", style="bold"))
        _kinds(comparison.allowed, console)


def _verdict(comparison: Comparison) -> Iterator[tuple[str, str]]:
    who = f"The {count(len(comparison.nodes))} that could be compared" if comparison.unreadable else "The nodes"
    if not comparison.differences and not comparison.allowed:
        yield "SAME", "bold green"
        yield f"  {who} agree in everything that is compared.", ""
        return
    errors = sum(difference.severity is Severity.ERROR for difference in comparison.differences)
    rest = len(comparison.differences) - errors
    allowed = f" Not counted: what you allowed ({len(comparison.allowed)})." if comparison.allowed else ""
    if not comparison.differences:
        yield "DIFFERENT", "bold green"
        yield f"  {who} agree in all else that is compared.{allowed}", ""
        return
    yield "DIFFERENT", "bold red" if errors else "bold yellow"
    yield f"  {_things(errors)} in which verl breaks where nodes differ, {_things(rest)} in which it may.{allowed}", ""


def _things(number: int) -> str:
    return f"{number} thing{'s' if number != 1 else ''}"


def _odd(comparison: Comparison) -> Iterator[str]:
    for names, many, errors in comparison.odd[:_MOST_ODD]:
        each = " each" if len(names) > 1 else ""
        yield f"{fold(names)}: {many} difference{'s' if many != 1 else ''}{each}, {errors} of them errors"
    if left := sum(len(names) for names, *_ in comparison.odd[_MOST_ODD:]):
        yield f"{count(left)} more"


def _kinds(found: Iterable[Difference], console: Console) -> None:
    for name, group in groupby(found, key=lambda difference: difference.name):
        _kind(name, list(group), console)


def _kind(name: str, found: Sequence[Difference], console: Console) -> None:
    first = found[0]
    severity = (first.severity.value, _STYLES[first.severity])
    fold_text(console, 0, Text.assemble("\n", severity, f"  {name}  ", (first.id, "dim")))
    for difference in found[:_MOST_THINGS]:
        fold_text(console, 4, Text(_line(difference)))
    if left := found[_MOST_THINGS:]:
        nodes = sorted({node for difference in left for node in difference.odd})
        fold_text(console, 4, Text(f"and {_things(len(left))} more, on {fold(nodes)} (all with --format json)"))
    fold_text(console, 4, Text(first.why, style="dim"))
    for text in _first(difference.remedy.text for difference in found):
        fold_text(console, 4, Text(f"-> {text}"))
    for command in _first(command for difference in found for command in difference.remedy.commands):
        console.print(Text(f"      {in_a_line(command)}", style="bold"), soft_wrap=True)


def _first(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))[:_MOST_CURES]


def _line(difference: Difference) -> str:
    """Return who has what: first what is odd, by name, then the others by their number."""
    shares = difference.shares
    odd = shares[difference.has_majority :]
    told = [f"{share.value} on {fold(share.nodes)}" for share in odd[:_MOST_SHARES]]
    if left := odd[_MOST_SHARES:]:
        told.append(f"{len(left)} other values on {count(sum(len(share.nodes) for share in left))}")
    if difference.has_majority:
        told.append(f"{shares[0].value} on the other {count(len(shares[0].nodes))}")
    return f"{difference.thing}: {'; '.join(told)}"


def _notes(comparison: Comparison) -> Iterator[str]:
    """Yield what could not be compared, and what to know about the names."""
    if comparison.unreadable:
        yield f"\nNot compared ({len(comparison.unreadable)})"
    told = list(comparison.unreadable.items())
    yield from (f"  {origin}: {reason}" for origin, reason in told[:_MOST_FILES])
    if len(told) > _MOST_FILES:
        yield f"  and {len(told) - _MOST_FILES} more (all with --format json)"
    yield from (f"\n{note}." for note in comparison.notes)
