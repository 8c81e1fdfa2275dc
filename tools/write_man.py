"""Writes the man pages in docs/man, one for the program and one for each command, from the command line's own help.

python tools/write_man.py [--check]

With --check nothing is written; the exit code is 1 where a page is out of date, missing or left over.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from verl_doctor import __version__
from verl_doctor.usage import tree
from verl_doctor.usage.tree import Command, Parameter

FOLDER = Path(__file__).parents[1] / "docs/man"
EXIT_CODES = (
    ("0", "healthy, nothing found"),
    ("1", "findings, a pending patch with --check, or a failed probe"),
    ("2", "wrong usage"),
    ("3", "the doctor could not do its work, or could not judge what it had to"),
    ("130", "interrupted"),
)
ENVIRONMENT = (
    ("VIRTUAL_ENV, CONDA_PREFIX", "The environment to examine, where neither --python nor --prefix names one."),
    ("NO_COLOR", "Where it is set, reports have no colours."),
    ("VERL_DOCTOR_CACHE", "The folder for files of releases that demo fetches."),
    ("VERL_DOCTOR_TRACEBACK", "1 prints where the doctor itself broke."),
)


def main() -> None:
    """Write the pages, or exit with 1 where one is out of date."""
    wanted = pages()
    found = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.1")}
    if "--check" in sys.argv:
        raise SystemExit(wanted != found)
    FOLDER.mkdir(exist_ok=True)
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, "utf-8")
    for name in found.keys() - wanted.keys():
        (FOLDER / name).unlink()


def pages() -> dict[str, str]:
    """Return the pages by file name."""
    commands = tree.commands()
    pages = {f"verl-doctor-{command.name}.1": _lines(_command(command)) for command in commands}
    return {"verl-doctor.1": _lines(_program(tree.program(), commands)), **pages}


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _program(program: Command, commands: tuple[Command, ...]) -> Iterator[str]:
    yield from _head("verl-doctor", program.summary)
    yield from (".SH SYNOPSIS", ".B verl-doctor", ".I command", r"[\fIoption\fR ...]")
    yield from _text(program.text)
    yield ".SH COMMANDS"
    for command in commands:
        yield from (".TP", rf".BR verl-doctor-{_escaped(command.name)} (1)", _escaped(command.summary) + ".")
    yield from _options(program.options)
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_CODES:
        yield from (".TP", f".B {code}", f"{_escaped(meaning)}.")
    yield ".SH ENVIRONMENT"
    for name, meaning in ENVIRONMENT:
        yield from (".TP", f".B {_escaped(name)}", _escaped(meaning))
    yield ".SH FILES"
    yield from (".TP", ".I verl\\-doctor.toml", "The policy that preflight follows.")


def _command(command: Command) -> Iterator[str]:
    name = f"verl-doctor-{command.name}"
    yield from _head(name, command.summary)
    yield from (".SH SYNOPSIS", f".B verl\\-doctor {_escaped(command.name)}", r"[\fIoption\fR ...]")
    yield from (_escaped(operand.metavar or "") for operand in command.operands)
    yield from _text(command.text)
    for operand in command.operands:
        yield from (".TP", f".I {_escaped(operand.metavar or '')}", *_explained(operand))
    yield from _options(command.options)
    yield from (".SH SEE ALSO", ".BR verl\\-doctor (1)")


def _head(name: str, summary: str) -> Iterator[str]:
    yield f'.\\" Written by tools/write_man.py from `{name.replace("-", " ").replace("verl ", "verl-", 1)} --help`.'
    yield f'.TH {_escaped(name.upper())} 1 "" "verl-doctor {__version__}" "User commands"'
    yield from (".SH NAME", f"{_escaped(name)} \\- {_escaped(summary[0].lower() + summary[1:])}")


def _text(text: str) -> Iterator[str]:
    yield ".SH DESCRIPTION"
    paragraphs = [" ".join(each.split()) for each in re.split(r"\n\s*\n", text)]
    yield _escaped(paragraphs[0])
    for paragraph in paragraphs[1:]:
        yield from (".PP", _escaped(paragraph))


def _options(options: Iterable[Parameter]) -> Iterator[str]:
    yield ".SH OPTIONS"
    for option in options:
        flags = ", ".join(rf"\fB{_escaped(flag)}\fR" for flag in option.flags)
        yield from (".TP", flags + (rf" \fI{_escaped(option.metavar)}\fR" if option.metavar else ""))
        yield from _explained(option)


def _explained(parameter: Parameter) -> Iterator[str]:
    default = f" [default: {parameter.default}]" if parameter.default else ""
    yield _escaped(parameter.help + default) or r"\&"


def _escaped(text: str) -> str:
    """Return text that roff takes as it is; what would begin a request does not."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    main()
