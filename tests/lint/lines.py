"""A launch, one setting a line, with the places where an edit would go.

`export NAME=VALUE` sets a variable, `--option=VALUE` an option of vLLM's command line, `name==VERSION` is a
requirement, `word WORD` a word that sets nothing,
anything else an override of Hydra. A value of `$...` is one that only the running script knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from verl_doctor.lint.document import Kind, Launch, Setting, Span
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.rules.known_failure import NAME

PPO = "verl.trainer.main_ppo"
_FORMS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("environment", re.compile(r"export (?P<sigil>)(?P<name>\w+)=(?P<value>.*)")),
    ("vllm", re.compile(r"--(?P<sigil>)(?P<name>[\w.-]+)(?:=(?P<value>.*))?")),
    ("word", re.compile(r"word (?P<sigil>)(?P<name>.*)(?P<value>)")),
    ("package", re.compile(r"(?P<sigil>)(?P<name>[\w-]+)(?P<value>(?:==|>=|<).*)")),
    ("verl", re.compile(r"(?P<sigil>\+\+|\+|~)?(?P<name>[\w.@/-]+)=(?P<value>.*)")),
)


def launch_of(text: str, program: str | None = PPO, *, takes_more: bool = False) -> Launch:
    """Return the launch that a text describes."""
    return Launch(program=program, line=1, settings=tuple(_settings(text)), open=takes_more)


def _settings(text: str) -> Iterator[Setting]:
    start = 0
    for line, written in enumerate(text.splitlines(keepends=True), start=1):
        kind, match = next((k, m) for k, form in _FORMS if (m := form.fullmatch(written.strip())))
        value = match["value"] or ""
        end = start + match.end("name")
        yield Setting(
            kind=kind,
            name=match["name"],
            value=None if "$" in value else value,
            written=written.strip(),
            whole=Span(start=start, end=start + len(written), line=line),
            literal=Span(start=start + match.start("value"), end=start + match.end("value"), line=line),
            sigil=match["sigil"] or "",
            key=Span(start=start, end=end, line=line) if kind == "verl" else None,
        )
        start += len(written)


def edited(text: str, edits: tuple[Edit, ...]) -> str:
    """Return the text after edits."""
    for edit in sorted(edits, key=lambda each: each.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def corrected(text: str, fault: Fault) -> str:
    """Return the text after the correction that a finding offers, which must be one."""
    assert fault.edits or fault.beside
    assert fault.name != NAME
    more = "".join(f"{key}={value}\n" for key, value in fault.beside)
    return edited(text, fault.edits) + more
