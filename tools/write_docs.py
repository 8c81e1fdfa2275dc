"""Writes docs/checks.md and docs/patches.md from the checks, the known failures and the patches.

python tools/write_docs.py [--check]

With --check nothing is written; the exit code is 1 where a page is out of date.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from verl_doctor import checks, knowledge
from verl_doctor.patching.catalogue import built_in
from verl_doctor.patching.patch import Patch

DOCS = Path(__file__).parents[1] / "docs"
CHECKS = """\
# What `verl-doctor check` looks for

Written by `python tools/write_docs.py` from the checks (`verl_doctor/checks`) and the known failures
(`verl_doctor/knowledge`). The name is what `--allow` takes; ids are permanent.

| id | name | severity | condition |
|---|---|---|---|
"""
PATCHES = """\
# What `verl-doctor patch` cures

Written by `python tools/write_docs.py` from the modules in `patches/`. Ids and names are permanent.

| id | name | releases | applied |
|---|---|---|---|
"""


def main() -> None:
    """Write the pages, or exit with 1 where one is out of date."""
    if "--check" in sys.argv:
        raise SystemExit(any((DOCS / name).read_text("utf-8") != text for name, text in pages().items()))
    for name, text in pages().items():
        (DOCS / name).write_text(text, "utf-8")


def pages() -> dict[str, str]:
    """Return the pages by name."""
    return {"checks.md": _checks(), "patches.md": _patches()}


def _checks() -> str:
    rows = sorted(
        (*_code(), *((f.id, f.name, f.severity.value, f.texts.title) for f in knowledge.load() if f.asks)),
    )
    return CHECKS + "".join(f"| {number} | `{name}` | {severity} | {line} |\n" for number, name, severity, line in rows)


def _code() -> Iterator[tuple[str, str, str, str]]:
    for module in pkgutil.iter_modules(checks.__path__):
        check = importlib.import_module(f"verl_doctor.checks.{module.name}")
        yield check.ID, check.NAME, check.SEVERITY.value, (check.__doc__ or "").splitlines()[0].rstrip(".")


def _patches() -> str:
    return PATCHES + "".join(map(_row, built_in())) + "".join(map(_section, built_in()))


def _row(patch: Patch) -> str:
    applied = f"by name, where {patch.only_where}" if patch.only_where else "by default"
    return f"| {patch.id} | [`{patch.name}`](#{patch.name}) | {patch.distribution} `{patch.versions}` | {applied} |\n"


def _section(patch: Patch) -> str:
    places = "; ".join(
        f"`{site.file}`, `{site.scope}`" if site.scope else f"`{site.file}`, top level" for site in patch.sites
    )
    upstream = " ".join(f"<{link}>" for link in patch.upstream)
    return f"\n## {patch.name}\n\n{patch.documentation.strip()}\n\nEdits {places}. See {upstream}.\n"


if __name__ == "__main__":
    main()
