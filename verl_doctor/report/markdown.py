"""An account as Markdown for an issue, with what verl's bug report asks for; below the size that GitHub takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from verl_doctor import __version__
from verl_doctor.facts.snapshot import Facts
from verl_doctor.report.account import Account, Case, Occurrence
from verl_doctor.report.plain_text import in_a_line, one_line
from verl_doctor.report.system_info import Section, sections

LARGEST: Final = 65_536
"""The most characters that GitHub takes as the text of an issue; counted here in bytes, of which there are no fewer."""
_KIB: Final = 2**10
_SHORT: Final = 400
_LONG: Final = 1500
"""Characters, each at most four bytes."""
_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>|~$]|^(?=[#+-])|(?<=^\d)(?=[.)])")
_MENTION: Final = re.compile(r"@(?=\w)")
_TO_FILL_IN: Final = """
### Information

- [ ] an official example script
- [ ] a script of my own

### Tasks

- [ ] an official example
- [ ] a task or data set of my own

### Reproduction

<!-- the command, the configuration, and the whole traceback, as text -->

### Expected behavior

<!-- what should have happened -->
"""
SHORTENED: Final = "\nThis is shortened, because GitHub takes 1 MiB of a step; other formats are whole.\n"
_DROPPED: Final = "\nFor want of room these parts are left out: {titles}. `verl-doctor facts` prints all.\n"
_LEFT_OUT: Final = "({count} lines are left out; `verl-doctor facts` prints all)"


@dataclass(frozen=True, slots=True)
class Summary:
    """The text for the summary of a job, empty where nothing fits, and whether it says all that it would."""

    text: str
    is_whole: bool


def render(account: Account, facts: Facts | None = None) -> str:
    """Return the text of an issue."""
    head = f"### System Info\n\n{_head(account)}"
    room = LARGEST - len(f"{head}{_TO_FILL_IN}".encode())
    return f"{head}{_details(account, facts, room)}{_TO_FILL_IN}"


def summary(account: Account, facts: Facts | None = None, room: int = LARGEST) -> Summary:
    """Return the same without what a person has to fill in, for the summary of a job; in so many bytes."""
    title = f"## verl-doctor {account.command}\n\n"
    head = f"{title}{_head(account)}"
    whole = f"{head}{_details(account, facts, LARGEST - len(head.encode()) - 1)}\n"
    if len(whole.encode()) <= room:
        return Summary(whole, is_whole=True)
    shorter = (
        f"{text}{SHORTENED}" for text in (head, f"{title}{_verdict(account)}", f"{title}{_verdict(account, 200)}")
    )
    return Summary(next((text for text in shorter if len(text.encode()) <= room), ""), is_whole=False)


def _head(account: Account) -> str:
    """Return the verdict, the cause with its cure, and the table of what else was found: at most 56 KiB."""
    found = sorted(account.occurrences, key=lambda each: not each.is_primary)
    whole = found[:1] if found and found[0].is_primary else []
    parts = [
        _verdict(account),
        *map(_whole, whole),
        _table(found[len(whole) :]),
    ]
    return "\n".join(part for part in parts if part)


def _verdict(account: Account, longest: int = _LONG) -> str:
    told = f"(`verl-doctor {account.command}` {__version__}, exit code {account.exit_code})"
    said = escaped(_cut(_without_verdict(account), longest))
    return f"**{account.verdict.value.upper()}** {told}\n\n{said}\n"


def _without_verdict(account: Account) -> str:
    return account.summary.removeprefix(account.verdict.value.upper()).strip()


def _whole(found: Occurrence) -> str:
    seen, _ = _fitting([f"- seen: {escaped(_cut(each))}\n" for each in found.evidence], 6 * _KIB)
    commands, left_out = _fitting(list(found.commands), 8 * _KIB)
    cure = f"\nCure: {escaped(_cut(found.remedy, _LONG))}\n" if found.remedy else ""
    code = f"\n{_code(tuple(commands), 'sh')}\n" if commands else ""
    more = f"\nFor the commands: `verl-doctor explain {found.id}`.\n" if left_out else ""
    return (
        f"**Cause: `{found.name}`** ({found.id})\n\n{escaped(_cut(found.message, _LONG))}\n\n"
        f"{''.join(seen)}{cure}{code}{more}"
    )


def _table(found: list[Occurrence]) -> str:
    if not found:
        return ""
    every = [f"| {_severity(each)} | `{each.name}` | {escaped(_cut(each.message))} |\n" for each in found]
    rows, left_out = _fitting(every, 22 * _KIB)
    more = f"\n{left_out} more are left out.\n" if left_out else ""
    return f"| severity | name | found |\n|---|---|---|\n{''.join(rows)}{more}"


def _fitting(lines: list[str], room: int) -> tuple[list[str], int]:
    """Return the first lines, as many as fit into so many bytes, and how many do not."""
    kept: list[str] = []
    for line in lines:
        room -= len(in_a_line(line).encode())
        if room < 0:
            break
        kept.append(line)
    return kept, len(lines) - len(kept)


def _severity(found: Occurrence) -> str:
    if found.excused is not None:
        return f"{found.severity.value}, not counted: {escaped(_cut(found.excused))}"
    return f"{found.severity.value}, follows from the cause" if found.consequence_of else found.severity.value


def _cut(text: str, longest: int = _SHORT) -> str:
    line = one_line(text)
    return line if len(line) <= longest else f"{line[:longest]}..."


def _details(account: Account, facts: Facts | None, room: int) -> str:
    """Return collapsible blocks, the last ones shortened to what there is room for."""
    text, dropped = "", []
    room -= len(_DROPPED) + _LONG
    for section in (*(sections(facts) if facts else ()), *_of_cases(account)):
        block = _block(section, room - len(text.encode()))
        text += block
        if not block:
            dropped.append(section.title)
    return text + (_DROPPED.format(titles=escaped(_cut(", ".join(dropped)))) if dropped else "")


def _of_cases(account: Account) -> Iterator[Section]:
    for group in account.groups:
        cases = [case for case in account.cases if case.group == group and _matters(case)]
        if cases:
            yield Section(f"{group.capitalize().replace('-', ' ')}: {len(cases)} told", tuple(map(_row, cases)))


def _matters(case: Case) -> bool:
    return case.group != "check" or case.outcome in {"skipped", "crashed"}


def _row(case: Case) -> tuple[str, str]:
    seconds = f" {case.seconds:.1f} s" if case.seconds is not None else ""
    reason = f": {case.reason}" if case.reason else ""
    return case.name, f"{case.outcome}{seconds}{reason}"


def _block(section: Section, room: int) -> str:
    lines = [f"{label}: {one_line(value)}" for label, value in section.rows] or ["none"]
    kept = len(lines)
    while len((block := _folded(section.title, lines, kept)).encode()) > room and kept:
        kept = kept * 3 // 4
    return block if len(block.encode()) <= room else ""


def _folded(title: str, lines: list[str], kept: int) -> str:
    left_out = [_LEFT_OUT.format(count=len(lines) - kept)] if kept < len(lines) else []
    code = _code((*lines[:kept], *left_out), "text")
    return f"\n<details><summary>{escaped(title)}</summary>\n\n{code}\n\n</details>\n"


def _code(lines: tuple[str, ...], language: str) -> str:
    """Return lines between fences that are longer than any row of backticks in them."""
    text = "\n".join(map(in_a_line, lines))
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, on one line, and that calls nobody."""
    parts = one_line(text).split("`")
    if len(parts) % 2 == 0:  # a backtick without a partner
        parts = ["`".join(parts)]
    parts[::2] = [_plain(part) for part in parts[::2]]
    parts[1::2] = [part.replace("|", r"\|") for part in parts[1::2]]
    return "`".join(parts)


def _plain(text: str) -> str:
    return _MENTION.sub("&#64;", _SPECIAL.sub(lambda match: f"\\{match.group()}", text))
