"""The cause and its cure, what follows from it, what else was found, and what does not count."""

from __future__ import annotations

from collections.abc import Sequence

from verl_doctor.model import Severity, Verdict
from verl_doctor.report.account import Account, Occurrence
from verl_doctor.report.html.marks import mark
from verl_doctor.report.html.markup import Markup, command, folded, section, tag

_MARKS = {Severity.ERROR: "failed", Severity.WARNING: "warning", Severity.INFO: "skipped"}


def cause(found: Sequence[Occurrence]) -> Markup:
    """Return the one cause, what shows it, and the commands that cure it."""
    first = found[0]
    return section(
        "The cause",
        tag("h3", first.name, tag("small", first.id) if first.id != first.name else None),
        *(tag("p", each.message, class_="message") for each in found),
        tag("ul", [tag("li", tag("code", seen)) for each in found for seen in each.evidence], class_="evidence"),
        tag("h3", "Cure it"),
        *(part for each in found for part in _cure(each)),
        class_="cause",
    )


def nothing(account: Account) -> Markup:
    """Return what stands in the place of a cause."""
    if counted := next(filter(account.counts, account.occurrences), None):
        title = "Mild, but it counts here"
        words = f"`{counted.name}` makes the command fail by its severity, {counted.severity.value}: {counted.message}"
    elif account.verdict is Verdict.UNKNOWN:
        title = "Not all is known"
        words = "Nothing was found to be wrong, but not everything could be judged: see below."
    else:
        title, words = "Nothing to cure", "No check found a failure that has to be cured before a job starts."
    return section(title, tag("p", words, class_="message"), class_="cause none")


def _cure(found: Occurrence) -> list[Markup]:
    return [tag("p", found.remedy), *map(command, found.commands)]


def consequences(account: Account) -> Markup | None:
    """Return what the same cure removes, as branches of the cause."""
    following = [each for each in account.occurrences if each.consequence_of and not each.is_primary]
    if not following:
        return None
    names = list(dict.fromkeys(each.name for each in following))
    branches = []
    for name in names:
        of_name = [each for each in following if each.name == name]
        more = tag("small", f" {len(of_name) - 1} more of this kind.") if len(of_name) > 1 else None
        branches.append(tag("li", tag("b", name), tag("span", of_name[0].message, more)))
    return section(
        "Gone with the same cure",
        tag("p", "These follow from the cause; curing them one by one is work for nothing.", class_="lead"),
        tag("ul", branches, class_="branches"),
    )


def others(account: Account) -> Markup | None:
    """Return what has causes of its own."""
    found = [
        each for each in account.occurrences if not (each.is_primary or each.consequence_of) and each.excused is None
    ]
    if not found:
        return None
    return section("Also found", [_card(each) for each in found])


def _card(found: Occurrence) -> Markup:
    title = (
        mark(_MARKS[found.severity]),
        tag("span", tag("b", found.name), tag("small", _rank(found)), class_="name"),
        tag("span", found.message, class_="what"),
    )
    seen = tag("ul", [tag("li", tag("code", each)) for each in found.evidence], class_="evidence")
    return tag("div", folded(title, seen if found.evidence else None, *_cure(found)), class_="card")


def _rank(found: Occurrence) -> str:
    return found.severity.value if found.id == found.name else f"{found.severity.value}, {found.id}"


def excused(account: Account) -> Markup | None:
    """Return what was found and does not count, why, and until when."""
    found = [each for each in account.occurrences if each.excused is not None]
    if not found:
        return None
    rows = [
        tag("li", tag("b", each.name), tag("span", each.excused, class_="why"), tag("span", each.message))
        for each in found
    ]
    return section("Not counted", tag("ul", rows, class_="excused"))
