"""Whether a patch does what it declares: its own examples, in every layout that real files have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from verl_doctor.errors import one_line
from verl_doctor.patching import declaration
from verl_doctor.patching.layouts import LAYOUTS, Layout
from verl_doctor.patching.patch import After, Before, Example, Patch, Structure, Unaffected, Unfamiliar, Untouched
from verl_doctor.patching.structure import examine


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of verifying a patch: how many sources were tried, and what is wrong, each as a sentence's body."""

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
    for name, layout in LAYOUTS.items():
        yield from _layout_problems(patch, example, name, layout)


def _layout_problems(patch: Patch, example: Example, name: str, layout: Layout) -> Iterator[str]:
    where = example.name if name == "plain" else f"{example.name}, {name}"
    before, after = layout(example.before), layout(example.after)
    found = examine(patch, before, example.since)
    if found != Before(after):
        yield f"{where}: {_said(found)} instead of the code after"
    again = examine(patch, after, example.since)
    if not isinstance(again, After | Unaffected):
        yield f"{where}: the code after {_said(again)}"


def _untouched_problems(patch: Patch, untouched: Untouched) -> Iterator[str]:
    found = examine(patch, untouched.source.encode(), untouched.since)
    if type(found) is not {"after": After, "unaffected": Unaffected, "unfamiliar": Unfamiliar}[untouched.structure]:
        yield f"{untouched.name}: {_said(found)} instead of being {untouched.structure}"


def _said(structure: Structure) -> str:
    match structure:
        case Before(edited):
            return f"becomes {edited!r}"
        case After():
            return "is found without the bug"
        case Unaffected():
            return "is found never to have had the bug"
        case Unfamiliar(reason):
            return f"is unfamiliar ({reason})"
