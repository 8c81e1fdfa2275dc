"""What a patch declares, and what its look at a source can find.

A patch module holds one `PATCH`. It must be cheap to import, because `check` and `patch --status` import all of them
and seldom need more than their declarations: so libcst appears in the signature of its `edit` only for the type
checker, and is imported inside. That keeps one source of truth, the module, without a copy of the declarations in
generated data.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import libcst as cst


@dataclass(frozen=True, slots=True)
class Before:
    """The bug is there; `edited` is the whole file without it."""

    edited: bytes


@dataclass(frozen=True, slots=True)
class After:
    """The code is as the patch would leave it, or does the same."""


@dataclass(frozen=True, slots=True)
class Unfamiliar:
    """The code is neither; `reason` says what was found, as the end of "FILE is not what the patch knows: ..."."""

    reason: str


Structure = Before | After | Unfamiliar


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A source with the bug, and the same without it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """A source that the patch leaves alone: because it already does the same, or because it is unfamiliar."""

    name: str
    source: str
    structure: Literal["after", "unfamiliar"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """An edit of one function in one file of an installed distribution.

    `documentation` is the module's docstring: the bug in one sentence, then why verl meets it. `file` is relative
    to the folder the distribution is installed in. Releases from `since` on have the bug, up to `fixed_in`, the
    first without it (None: there is none yet). `trace` is a pattern that every text with the bug matches,
    whatever its layout: where a later release does not match it, there is nothing to parse. `scope` is the
    dotted name of the function, and `edit` gets that function and returns it without the bug, or `After`, or
    `Unfamiliar`.
    """

    id: str
    name: str
    documentation: str
    distribution: str
    file: str
    since: str
    fixed_in: str | None
    upstream: tuple[str, ...]
    trace: re.Pattern[bytes]
    scope: str
    edit: Callable[[cst.FunctionDef], cst.FunctionDef | After | Unfamiliar]
    examples: tuple[Example, ...]
    untouched: tuple[Untouched, ...]

    @property
    def title(self) -> str:
        """The bug in one sentence."""
        return self.documentation.partition("\n")[0]

    @property
    def versions(self) -> str:
        """The releases that have the bug, as a specifier."""
        return f">={self.since}" + (f",<{self.fixed_in}" if self.fixed_in else "")
