"""Writes docs/checks.md from the checks and the known failures; with --check it only compares.

python tools/write_docs.py [--check]
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from verl_doctor import checks, knowledge

PAGE = Path(__file__).parents[1] / "docs/checks.md"
HEAD = """\
# What `verl-doctor check` looks for

Written by `python tools/write_docs.py` from the checks (`verl_doctor/checks`) and the known failures
(`verl_doctor/knowledge`). The name is what `--allow` takes; ids are permanent.

| id | name | severity | condition |
|---|---|---|---|
"""


def main() -> None:
    """Write the page, or exit with 1 where it is out of date."""
    text = page()
    if "--check" in sys.argv:
        raise SystemExit(PAGE.read_text("utf-8") != text)
    PAGE.write_text(text, "utf-8")


def page() -> str:
    """Return the page."""
    rows = sorted(
        (*_code(), *((f.id, f.name, f.severity.value, f.texts.title) for f in knowledge.load() if f.asks)),
    )
    return HEAD + "".join(f"| {number} | `{name}` | {severity} | {line} |\n" for number, name, severity, line in rows)


def _code() -> Iterator[tuple[str, str, str, str]]:
    for module in pkgutil.iter_modules(checks.__path__):
        check = importlib.import_module(f"verl_doctor.checks.{module.name}")
        yield check.ID, check.NAME, check.SEVERITY.value, (check.__doc__ or "").splitlines()[0].rstrip(".")


if __name__ == "__main__":
    main()
