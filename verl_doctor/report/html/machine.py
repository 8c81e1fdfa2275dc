"""What is shown on demand: checks that could not judge, and all that is known of the node."""

from __future__ import annotations

from collections.abc import Iterable

from verl_doctor.report.account import Account
from verl_doctor.report.html.markup import Markup, folded, section, tag
from verl_doctor.report.system_info import Rows, Section


def details(account: Account, known: Iterable[Section]) -> Markup:
    """Return the folded parts."""
    unjudged = [each for each in account.cases if each.outcome in {"skipped", "crashed"} and each.group == "check"]
    passed = [each for each in account.cases if each.outcome == "passed" and each.group == "check"]
    return section(
        "The node in full",
        folded(f"{len(unjudged)} checks could not judge", _table([(each.name, each.reason or "") for each in unjudged]))
        if unjudged
        else None,
        folded(f"{len(passed)} checks found nothing", _table([(each.name, each.title) for each in passed])),
        *(folded(f"{each.title}", _table(each.rows)) for each in known),
    )


def _table(rows: Rows | list[tuple[str, str]]) -> Markup:
    if not rows:
        return tag("p", "None.")
    return tag("dl", [(tag("dt", label), tag("dd", value)) for label, value in rows])
