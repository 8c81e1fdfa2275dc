"""Writes docs/checks.md, docs/patches.md, and docs/failures: an index by layer, a page per check, rule and failure.

python tools/write_docs.py [--check]

With --check nothing is written; the exit code is 1 where a page is out of date, missing or left over. The pages say
what `verl-doctor explain` says.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from verl_doctor.explain import entries, page
from verl_doctor.explain.entry import Entry
from verl_doctor.model import Layer
from verl_doctor.patching.catalogue import built_in
from verl_doctor.patching.patch import Patch
from verl_doctor.report import explain_markdown

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = "failures"
CHECKS = """\
# What `verl-doctor check` and `verl-doctor lint` look for

Written by `python tools/write_docs.py` from the checks (`verl_doctor/checks`), the rules of lint
(`verl_doctor/lint/rules`), the known failures (`verl_doctor/knowledge`) and the differences between nodes
(`verl_doctor/fleet/traits`), which `compare` and `check --ray` find. The name is what `--allow` takes, and leads to
what `verl-doctor explain` says; ids are permanent. `check` finds what versions, environment variables, files,
limits, driver, GPUs and imports tell; the rest shows in a log (`diagnose`) or in a setting of the launch (`lint`).

| id | name | severity | found by | condition |
|---|---|---|---|---|
"""
LAYERS = """\
# Checks and known failures, by layer

Written by `python tools/write_docs.py`. The most fundamental layer comes first; where several failures cure equally
much, the cause is taken from the upper one. [By id](../checks.md), with how each is found.
"""
PATCHES = """\
# What `verl-doctor patch` cures

Written by `python tools/write_docs.py` from the modules in `patches/`. Ids and names are permanent.

What is applied stays in the files until they are installed again, or `verl-doctor patch --revert` puts the originals
back. pip and uv take the originals and the receipt along when they uninstall; conda removes only what it installed, so
revert before `conda remove`, or let the next run of `patch` remove the rest. A package that an environment only sees
from elsewhere (the system's Python, PYTHONPATH, a path file) is patched for all that see it, which is said. Editable
installations are patched in their checkout.

| id | name | releases | applied |
|---|---|---|---|
"""


def main() -> None:
    """Write the pages, or exit with 1 where one is out of date."""
    if "--check" in sys.argv:
        raise SystemExit(bool(left_over()) or any(written(name) != text for name, text in pages().items()))
    (DOCS / FOLDER).mkdir(exist_ok=True)
    for name, text in pages().items():
        (DOCS / name).write_text(text, "utf-8")
    for path in left_over():
        path.unlink()


def written(name: str) -> str | None:
    """Return a page as it is; None where there is none."""
    path = DOCS / name
    return path.read_text("utf-8") if path.is_file() else None


def left_over() -> list[Path]:
    """Return the pages of names that are no more."""
    return [path for path in (DOCS / FOLDER).glob("*.md") if f"{FOLDER}/{path.name}" not in pages()]


@cache
def pages() -> dict[str, str]:
    """Return the pages by name."""
    found = [entry for entry in entries.entries() if entry.kind != "patch"]
    return {
        "checks.md": CHECKS + "".join(map(_check, sorted(found, key=lambda entry: entry.id))),
        "patches.md": PATCHES + "".join(map(_patch, built_in())) + "".join(map(_section, built_in())),
        f"{FOLDER}/README.md": LAYERS + "".join(_layer(*each) for each in entries.by_layer().items()),
        **{f"{FOLDER}/{entry.name}.md": explain_markdown.render(entry) for entry in found},
    }


def _check(entry: Entry) -> str:
    severity = entry.severity.value if entry.severity else ""
    name, ways = f"[`{entry.name}`]({FOLDER}/{entry.name}.md)", ", ".join(entry.found_by)
    return f"| {entry.id} | {name} | {severity} | {ways} | {entry.title} |\n"


def _layer(layer: Layer, found: list[Entry]) -> str:
    rows = "".join(f"- [{each.name}]({each.name}.md): {each.title}\n" for each in found if each.kind != "patch")
    return f"\n## {layer.value}\n\n{rows}" if rows else ""


def _patch(patch: Patch) -> str:
    edit = entries.edit(patch)
    name = f"[`{patch.name}`](#{patch.name})"
    return f"| {patch.id} | {name} | {patch.distribution} `{patch.versions}` | {page.applied(edit)} |\n"


def _section(patch: Patch) -> str:
    return f"\n## {patch.name}\n\n{explain_markdown.text(page.patch(entries.edit(patch)))}"


if __name__ == "__main__":
    main()
