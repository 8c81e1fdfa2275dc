"""Whether a patch does what it declares: its own examples, in every layout that real files have."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from verl_doctor.errors import one_line
from verl_doctor.patching.layouts import LAYOUTS, Layout
from verl_doctor.patching.patch import After, Before, Example, Patch, Structure, Unaffected, Unfamiliar, Untouched
from verl_doctor.patching.structure import examine
from verl_doctor.patching.team import declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of verifying a patch: how many sources were tried, and what is wrong.

    Each problem is a sentence's body; lines below it are a unified diff.
    """

    patch: Patch
    tried: int
    problems: tuple[str, ...]


def verify(patch: Patch) -> Verification:
    """Try a patch on its examples, and on the sources that it is to leave alone."""
    problems = [*declaration.problems(patch), *_missing(patch)]
    for example in patch.examples:
        problems += _example_problems(patch, example)
    for untouched in patch.untouched:
        problems += _untouched_problems(patch, untouched)
    tried = 2 * len(patch.examples) * len(LAYOUTS) + len(patch.untouched)
    return Verification(patch=patch, tried=tried, problems=tuple(problems))


def _missing(patch: Patch) -> Iterator[str]:
    kinds = {untouched.structure for untouched in patch.untouched}
    if not kinds & {"after", "unaffected"}:
        yield "there is no example of code that does not have the bug"
    if "unfamiliar" not in kinds:
        yield "there is no example of unfamiliar code, which a patch must leave alone"
    for site in patch.sites:
        if not any(patch.site(example.since) == site for example in patch.examples):
            yield f"there is no example for {site.file} since {site.since}"


def _example_problems(patch: Patch, example: Example) -> Iterator[str]:
    if not patch.trace.search(example.before.encode()):
        yield f"{example.name}: the trace is not found in the code before"
    try:
        ast.parse(example.after)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        yield f"{example.name}: the code after is no Python: {one_line(error)}"
    failures = [each for name, layout in LAYOUTS.items() for each in _layout_failures(patch, example, name, layout)]
    for said in dict.fromkeys(failure.said for failure in failures):
        yield _told(example.name, [failure for failure in failures if failure.said == said])


@dataclass(frozen=True, slots=True)
class _Failure:
    """What came of one layout of an example, and how that differs from what should have, where it is code."""

    layout: str
    said: str
    diff: str = ""


def _layout_failures(patch: Patch, example: Example, name: str, layout: Layout) -> Iterator[_Failure]:
    before, after = layout(example.before), layout(example.after)
    found = examine(patch, before, example.since)
    if found != Before(after):
        yield _Failure(name, f"{_said(found)} instead of the code after", _diff("the code after", after, found))
    again = examine(patch, after, example.since)
    if not isinstance(again, After | Unaffected):
        yield _Failure(name, f"the code after {_said(again)}", _diff("the code after", after, again))


def _told(example: str, failures: Sequence[_Failure]) -> str:
    """Return what several layouts have in common, with the difference in the first of them."""
    first, *others = failures
    where = example if first.layout == "plain" else f"{example}, {first.layout}"
    same = f"; the same in {len(others)} more variants ({', '.join(each.layout for each in others)})" if others else ""
    return f"{where}: {first.said}{same}{first.diff}"


def _diff(name: str, expected: bytes, found: Structure) -> str:
    """Return how code differs from what is expected, as lines below the first; nothing where no code came out.

    Where only line ends or bytes that cannot be seen differ, they are written as escapes.
    """
    if not isinstance(found, Before):
        return ""
    texts = [source.decode(errors="backslashreplace") for source in (expected, found.edited)]
    wanted, got = (text.splitlines() for text in texts)
    if wanted == got:
        wanted, got = ([ascii(line) for line in text.splitlines(keepends=True)] for text in texts)
    return "".join(f"\n{line}" for line in unified_diff(wanted, got, name, "what came out", lineterm=""))


def _untouched_problems(patch: Patch, untouched: Untouched) -> Iterator[str]:
    source = untouched.source.encode()
    found = examine(patch, source, untouched.since)
    if type(found) is not {"after": After, "unaffected": Unaffected, "unfamiliar": Unfamiliar}[untouched.structure]:
        said = f"{untouched.name}: {_said(found)} instead of being {untouched.structure}"
        yield said + _diff("as it is", source, found)


def _said(structure: Structure) -> str:
    match structure:
        case Before():
            return "is edited"
        case After():
            return "is found without the bug"
        case Unaffected():
            return "is found never to have had the bug"
        case Unfamiliar(reason):
            return f"is unfamiliar ({reason})"
