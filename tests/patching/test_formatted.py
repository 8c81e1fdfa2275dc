"""Published files in the layouts that formatters and people give them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

import black
import pytest
from yapf.yapflib.yapf_api import FormatCode  # type: ignore[import-untyped] # it has no types

from tests.conftest import Release
from tests.patching.variants import (
    CLOSING,
    OPENING,
    Noise,
    Row,
    Variant,
    changed_rows,
    decoded,
    disturbed,
    expressions,
    judge,
    target,
    within,
)
from verl_doctor.patching import catalogue, known
from verl_doctor.patching.patch import Before, Patch, Site
from verl_doctor.patching.structure import examine

pytestmark = pytest.mark.real


def by_black(source: str, **options: bool | int) -> bytes:
    return black.format_str(source, mode=black.Mode(**options)).encode()  # type: ignore[arg-type] # one type for all


def by_yapf(style: str, source: str) -> bytes:
    formatted, _ = FormatCode(source, style_config=style)
    return str(formatted).encode()


def by_ruff(options: dict[str, str], source: str) -> bytes:
    configuration = [part for option, value in options.items() for part in ("--config", f"{option} = {value}")]
    command = [sys.executable, "-m", "ruff", "format", "--isolated", *configuration, "--stdin-filename=a.py", "-"]
    return subprocess.run(command, input=source.encode(), capture_output=True, check=True).stdout


SLOW: dict[str, Callable[[str], bytes]] = {
    "black": by_black,
    "black, 79 columns, preview": partial(by_black, line_length=79, preview=True),
    "black, 120 columns, quotes and commas as they are": partial(
        by_black, line_length=120, string_normalization=False, magic_trailing_comma=False
    ),
    "yapf, pep8": partial(by_yapf, "pep8"),
    "yapf, google": partial(by_yapf, "google"),
    "yapf, facebook": partial(by_yapf, "facebook"),
}
QUICK: dict[str, Callable[[str], bytes]] = {
    "ruff, tabs, single quotes": partial(by_ruff, {"format.indent-style": "'tab'", "format.quote-style": "'single'"}),
    "ruff, 60 columns, CR LF": partial(
        by_ruff, {"line-length": "60", "indent-width": "2", "format.line-ending": "'cr-lf'"}
    ),
    "ruff, 200 columns": partial(by_ruff, {"line-length": "200", "format.skip-magic-trailing-comma": "true"}),
    "byte order mark, no newline at the end": lambda source: source.rstrip("\n").encode("utf-8-sig"),
}
NOISES: dict[str, tuple[Noise, ...]] = {  # for every row of the function
    "comments above and after": (Row.comment_above, Row.comment_after),
    "comments at the left and further in": (Row.comment_at_the_left, Row.comment_further_in),
    "white space": (Row.blank_above, Row.page_above, Row.space_after, Row.continued, Row.moved, Row.semicolon_after),
}
PARENTHESES = "parentheses with comments"


def laid_out(layout: str, patch: Patch, version: str, source: str, edited: str) -> bytes:
    if layout not in (*NOISES, PARENTHESES):
        return (SLOW | QUICK)[layout](source)
    rows = changed_rows(source, edited)
    if layout == PARENTHESES:
        return within(source, [(node, OPENING[-1], CLOSING[-1]) for node in expressions(source, rows)]).encode()
    functions = target(source, patch.site(version).scope)
    first, last = (functions[-1].lineno, functions[-1].end_lineno or 0) if functions else (rows[0] - 9, rows[-1] + 9)
    noise = [(row, noise, f"note {row}") for row in range(first, last + 1) for noise in NOISES[layout]]
    return disturbed(source, noise).encode()


def covering() -> Iterator[object]:
    """Yield the oldest release of each site with all layouts, the newest with one of the quick ones."""
    table = json.loads(known.FILE.read_bytes())
    quick = [*QUICK, *NOISES, PARENTHESES]
    for number, patch in enumerate(catalogue.load()):
        versions: dict[Site, list[str]] = {}
        for row in table[patch.name]:
            if row["structure"] == "before":
                version = row["content"].split()[1]
                versions.setdefault(patch.site(version), []).append(version)
        for oldest, *later in versions.values():
            chosen = [(oldest, layout) for layout in (*SLOW, *quick)]
            chosen += [(newest, quick[number % len(quick)]) for newest in later[-1:]]
            for version, layout in chosen:
                yield pytest.param(patch, version, layout, id=f"{patch.name}: {version}: {layout}")


@pytest.mark.parametrize(("patch", "version", "layout"), [*covering()])
def test_only_the_bug_goes(release: Release, patch: Patch, version: str, layout: str) -> None:
    file = patch.site(version).file
    source = (release(patch.distribution, version, [file]) / file).read_bytes()
    found = examine(patch, source, version)
    assert isinstance(found, Before)
    variant = laid_out(layout, patch, version, decoded(source), decoded(found.edited))
    assert variant != source or layout in SLOW  # some releases were formatted so
    judge(patch, Variant(source=variant, expected=found.edited, since=version))
