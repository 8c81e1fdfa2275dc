"""What a rule finds in a launch."""

from __future__ import annotations

from dataclasses import dataclass

from verl_doctor.lint.document import Setting, Span
from verl_doctor.model import Remedy, Severity, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace a part of the file; an empty text removes it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A setting that is wrong for the versions in question.

    `id`, `name` and `severity` are those of the known failure, or of the rule. `edits` are there where one correction
    is safe: applied together, they leave a file in which the rule finds nothing. Where the correction is to add
    settings, `beside` holds them instead (name and value), to be written next to `setting` in the file's own form.
    """

    id: str
    name: str
    severity: Severity
    setting: Setting
    message: str
    remedy: Remedy
    edits: tuple[Edit, ...] = ()
    sources: tuple[Source, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()
