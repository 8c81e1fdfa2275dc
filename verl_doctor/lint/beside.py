"""Puts a setting next to another one, in the form that the file has."""

from __future__ import annotations

from typing import Final

from verl_doctor.lint.document import Document, Setting, Span
from verl_doctor.lint.fault import Edit, Fault

_BLANKS: Final = b" \t"


def additions(document: Document, fault: Fault) -> tuple[Edit, ...] | None:
    """Return the edits that add the settings of `fault.beside`; None where the file's form does not let it."""
    edits = [_addition(document, fault.setting, name, value) for name, value in fault.beside]
    if any(edit is None for edit in edits):
        return None
    return tuple(edit for edit in edits if edit is not None)


def _addition(document: Document, setting: Setting, name: str, value: str) -> Edit | None:
    raw = document.data[setting.whole.start : setting.whole.end]
    if not raw.strip():
        return None
    if document.format in {"shell", "slurm", "dockerfile"}:
        return _word(setting, raw, f"{name}={value}") if setting.kind in {"verl", "environment"} else None
    return _line(document, setting, name, value) if document.format == "hydra" else None


def _line(document: Document, setting: Setting, name: str, value: str) -> Edit | None:
    """Return the edit that adds a line below a key of the same mapping, if that has a line of its own."""
    if setting.key is None or name.rpartition(".")[0] != setting.name.rpartition(".")[0]:
        return None
    start = document.data.rfind(b"\n", 0, setting.key.start) + 1
    indent, raw = document.data[start : setting.key.start], document.data[: setting.whole.end]
    if indent.strip() or not raw.endswith(b"\n"):
        return None
    return Edit(span=_after(setting), text=f"{indent.decode()}{name.rpartition('.')[2]}: {value}{_end(raw)}")


def _word(setting: Setting, raw: bytes, word: str) -> Edit | None:
    """Return the edit that adds a word after another: with the same blanks, or on a line of its own."""
    if not all(character.isalnum() or character in "+~_.=-/:@[],%" for character in word) or "," in word:
        return None
    if raw.endswith(b"\n"):
        indent = raw[: len(raw) - len(raw.lstrip(_BLANKS))].decode()
        return Edit(span=_after(setting), text=f"{indent}{word}{_end(raw)}")
    lead = raw[: len(raw) - len(raw.lstrip(b" \t\\\r\n"))].decode()
    return Edit(span=_after(setting), text=f"{lead}{word}") if lead else None


def _end(raw: bytes) -> str:
    return "\r\n" if raw.endswith(b"\r\n") else "\n"


def _after(setting: Setting) -> Span:
    end = setting.whole.end
    return Span(start=end, end=end, line=setting.whole.line)
