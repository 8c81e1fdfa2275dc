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
from typing import TYPE_CHECKING, Any, Literal

from packaging.version import InvalidVersion, Version

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
class Unaffected:
    """The code never had the bug: written before it came in, or after it was cured in another way."""


@dataclass(frozen=True, slots=True)
class Unfamiliar:
    """The code is neither; `reason` says what was found, as the end of "FILE is not what the patch knows: ..."."""

    reason: str


Structure = Before | After | Unaffected | Unfamiliar


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A source with the bug, and the same without it; `since` is the release it is written like, or the first."""

    name: str
    before: str
    after: str
    since: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """A source that the patch leaves alone, because of what it finds there; `since` as for an example."""

    name: str
    source: str
    structure: Literal["after", "unaffected", "unfamiliar"]
    since: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the bug is in releases from `since` on: a file, and in it the dotted name of a function.

    Of the first site, `since` is the first release in which verl meets the bug; earlier ones may have it, too.
    `file` is relative to the folder the distribution is installed in; the scope "" is the module itself.
    """

    since: str
    file: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """An edit of one function, or of the top level, in one file of an installed distribution.

    `documentation` is the module's docstring: the bug in one sentence, then why verl meets it. `sites` says where the
    bug is, from which release on, the oldest first; `fixed_in` is the first release without it (None: there is
    none yet). `trace` is a pattern that every text with the bug matches, whatever its layout: where a later
    release does not match it, there is nothing to parse. `edit` gets the function (for the scope "" the module)
    and returns it without the bug, or says that there is nothing to edit. `only_where` names the condition
    under which the bug is met, as the end of "only where ...", for a patch that most environments do not need: it
    is applied only by name.
    """

    id: str
    name: str
    documentation: str
    distribution: str
    sites: tuple[Site, ...]
    fixed_in: str | None
    upstream: tuple[str, ...]
    trace: re.Pattern[bytes]
    edit: Callable[[Any], cst.FunctionDef | cst.Module | After | Unaffected | Unfamiliar]
    examples: tuple[Example, ...]
    untouched: tuple[Untouched, ...]
    only_where: str | None = None

    @property
    def title(self) -> str:
        """The bug in one sentence."""
        return self.documentation.partition("\n")[0]

    @property
    def since(self) -> str:
        """The first release in which verl meets the bug; those that verl never ran with are not looked at."""
        return self.sites[0].since

    def site(self, version: str | None = None) -> Site:
        """Return where the bug is in a release: the last site that is not of a later one, else the first."""
        try:
            installed = Version(version or "")
        except InvalidVersion:
            return self.sites[0]
        return [self.sites[0], *(site for site in self.sites if Version(site.since) <= installed)][-1]

    @property
    def versions(self) -> str:
        """The releases in which verl meets the bug, as a specifier."""
        return f">={self.since}" + (f",<{self.fixed_in}" if self.fixed_in else "")
