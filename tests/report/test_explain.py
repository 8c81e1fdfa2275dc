"""One entry in text, in Markdown and in JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from verl_doctor.explain.entries import by_layer, edit, entries, named
from verl_doctor.explain.entry import Cure, Entry
from verl_doctor.explain.page import Items, Paragraph, patch
from verl_doctor.model import Layer, Severity, Source
from verl_doctor.patching.catalogue import built_in
from verl_doctor.report import explain_json, explain_markdown, explain_text

ENTRY = Entry(
    id="VD999",
    name="a-failure",
    kind="failure",
    layer=Layer.ENGINE,
    severity=Severity.ERROR,
    title="It fails",
    text="Because of `__this__`\nand that.\n\nAnd more.",
    when=(("vLLM is 1",), ("A is set", "B is set")),
    signatures=(r"No module named 'a\.b'", r"out of \w+ memory"),
    alone=(r"No module named 'a\.b'",),
    frames=(r"(?:^|/)vllm/worker\.py", r"^generate$"),
    follows=("b-failure", "c-failure"),
    launch=("A=1",),
    cures=(
        Cure(when=("verl is before 1",), text="Do this.", commands=("do this",), patch=None),
        Cure(when=("A is set", "B is set; C is set"), text="Do more.", commands=(), patch=None),
        Cure(when=("otherwise",), text="Do that.", commands=(), patch=None),
    ),
    sources=(Source(kind="issue", reference="a/b#7", date="2026-11-21"), Source(kind="measured", reference="here")),
)
TEXT = """\
a-failure  VD999, error, layer engine

  It fails.

  Because of `__this__` and that.

  And more.

When
  - vLLM is 1
  - A is set; B is set

In a log
      No module named 'a.b'

  Only in a traceback, these too:
      out of ... memory

  It has to have a frame in one of these files or functions:
      vllm/worker.py
      generate

  It is usually a consequence where the log also shows `b-failure` or
  `c-failure`.

Settings that bring it about
      A=1

Cure
  Where verl is before 1: Do this.
      do this

  Otherwise, where A is set, or where B is set; C is set: Do more.

  Otherwise: Do that.

Sources
  - issue: a/b#7, seen 2026-11-21
  - measured: here
"""
MARKDOWN = """\
# a-failure

VD999, error, layer engine

It fails.

Because of `__this__`
and that.

And more.

## When

- vLLM is 1
- A is set; B is set

## In a log

```text
No module named 'a.b'
```

Only in a traceback, these too:

```text
out of ... memory
```

It has to have a frame in one of these files or functions:

```text
vllm/worker.py
generate
```

It is usually a consequence where the log also shows `b-failure` or `c-failure`.

## Settings that bring it about

```text
A=1
```

## Cure

Where verl is before 1: Do this.

```text
do this
```

Otherwise, where A is set, or where B is set; C is set: Do more.

Otherwise: Do that.

## Sources

- issue: [a/b#7](https://github.com/a/b/issues/7), seen 2026-11-21
- measured: here
"""


def printed(entry: Entry | None, width: int, *, color: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, force_terminal=color, no_color=not color)
    if entry is None:
        explain_text.render_all({layer.value: group for layer, group in by_layer().items()}, console)
    else:
        explain_text.render(entry, console)
    return out.getvalue()


def test_text() -> None:
    assert printed(ENTRY, 80) == TEXT


def test_markdown() -> None:
    assert explain_markdown.render(ENTRY) == MARKDOWN


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        pytest.param("a.__init__() and `b.__init__()`", r"a.\_\_init\_\_() and `b.__init__()`", id="underscores"),
        pytest.param("a * b", r"a \* b", id="star"),
        pytest.param("<name> at <https://x>", r"\<name> at <https://x>", id="tag"),
    ],
)
def test_markdown_is_plain_where_the_text_is(plain: str, written: str) -> None:
    assert explain_markdown.text([Paragraph(plain), Items((plain,))]) == f"{written}\n\n- {written}\n"


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_every_page_fits(entry: Entry) -> None:
    folded = printed(entry, 80)
    prose = [line for line in folded.splitlines() if not line.startswith("      ") and "://" not in line]
    assert [line for line in prose if len(line) > 80 or line != line.rstrip()] == []
    assert len(printed(entry, explain_text.UNFOLDED).splitlines()) <= len(folded.splitlines())


def test_the_list_is_folded_or_one_line_each() -> None:
    assert [line for line in printed(None, 80).splitlines() if len(line) > 80] == []
    wide = [line for line in printed(None, explain_text.UNFOLDED).splitlines() if line.startswith("  VD")]
    assert len(wide) == len(entries())


def test_a_console_folds_for_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert explain_text.console().width == explain_text.UNFOLDED
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    assert explain_text.console().width == explain_text.WIDEST


def test_color_is_for_terminals() -> None:
    assert "\x1b[1m" in printed(ENTRY, 80, color=True)
    assert "\x1b" not in printed(ENTRY, 80)


def test_json_holds_what_the_text_says() -> None:
    (entry,) = json.loads(explain_json.render([ENTRY]))["entries"]
    assert (entry["severity"], entry["layer"], entry["when"]) == (
        "error",
        "engine",
        [["vLLM is 1"], ["A is set", "B is set"]],
    )


def test_json_says_for_which_environments_a_cure_is() -> None:
    (entry,) = json.loads(explain_json.render([ENTRY]))["entries"]
    assert [cure["when"] for cure in entry["cures"]] == [
        ["verl is before 1"],
        ["A is set", "B is set; C is set"],
        ["otherwise"],
    ]


def test_the_only_cure_is_for_all() -> None:
    only = replace(ENTRY, cures=(Cure(when=(), text="Do that.", commands=(), patch=None),))
    assert "\nCure\n  Do that.\n" in printed(only, 80)


def test_a_patch_says_where_it_edits() -> None:
    (first, *_) = built_in()
    assert "Edits `" in explain_markdown.text(patch(edit(first)))
    assert f"verl-doctor patch --apply {first.name}" in printed(named(first.id), 80)
