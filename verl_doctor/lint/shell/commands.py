"""Follows the commands of a script: what they start, through whatever wraps it, and what they change in the shell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from verl_doctor.lint.document import INSTALL, Launch, Setting
from verl_doctor.lint.settings import is_of_verl, override, setting
from verl_doctor.lint.shell import assignments, programs, runtime_env, wrappers
from verl_doctor.lint.shell.expansion import Expander
from verl_doctor.lint.shell.scope import Field, Scope, Words
from verl_doctor.lint.shell.slurm import batch
from verl_doctor.lint.shell.unit import unit
from verl_doctor.lint.traced import UNKNOWN, Traced, made

if TYPE_CHECKING:
    from tree_sitter import Node

    from verl_doctor.lint.shell.interpreter import Interpreter

_DEEPEST: Final = 12
"""How many functions and shells may start one another."""
_SHELLS: Final = frozenset({"bash", "sh", "zsh", "dash"})
_READING: Final = frozenset({"read", "mapfile", "readarray", "getopts", "let", "printf"})
_COUNT: Final = re.compile("[0-9]{1,6}")
_HARMLESS: Final = ("/activate", "conda.sh", "/etc/profile")
"""Files that are sourced to choose an environment, not to set something for verl."""
_UNKNOWN_COMMAND: Final = re.compile(rf"(?:^|[;&|\n({{])\s*[^\s=]*{UNKNOWN}|{UNKNOWN}\S*=")
"""Text for a shell of which a command's name, or that of a variable, is unknown."""
_OF_TOOLS: Final = re.compile(r"(?:[$][(]|`)\s*(?:\S*/)?(?:conda|mamba|micromamba|pyenv|ssh-agent|direnv|brew)\b")
"""What tools print for `eval`, to choose an environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How a command is called: the line, what is set for it alone, and whether more may be than can be seen.

    `clean` says that it gets nothing of what is exported.
    """

    line: int
    settings: tuple[Setting, ...] = ()
    open: bool = False
    clean: bool = False


def command(interpreter: Interpreter, node: Node) -> None:
    """Follow a command, or an assignment that looks like one."""
    prefix, words = _parts(interpreter, node)
    interpreter.substitutions(node)
    if words.fields:
        is_open = words.open or node.has_error
        start(interpreter, words.fields, Call(line=interpreter.unit.line(node), settings=prefix, open=is_open))
    elif prefix:
        assignments.follow(node, interpreter.unit, interpreter.scope)


def _parts(interpreter: Interpreter, node: Node) -> tuple[tuple[Setting, ...], Words]:
    """Return what `NAME=VALUE` before a command sets for it, and the words of the command."""
    own = interpreter.unit
    expander = Expander(unit=own, scope=interpreter.scope)
    prefix: list[Setting] = []
    fields: list[Field] = []
    is_open, end = False, node.start_byte
    for child in node.named_children:
        gap, end = own.text.text[end : child.start_byte], child.end_byte
        if child.type == "variable_assignment":
            name, value = assignments.parts(child, expander)
            prefix.append(setting("environment", name, value, 0, own.without_prefix(child), own.raw(child)))
        elif child.type not in _NO_WORDS:
            if prefix and not fields and _ends_a_line(gap):
                _assign_first(interpreter, node)
                prefix = []
            word = child.named_children[0] if child.type == "command_name" and child.named_children else child
            expanded = expander.fields(word)
            if not gap and fields:  # the grammar splits a-$NAME/b after a variable; what is unknown joins them
                fields = _joined(
                    fields, [replace(fields[-1], text=made(interpreter.scope.source, UNKNOWN), written="")]
                )
                continue
            is_one = gap in _CONTINUATIONS and fields and expanded.fields
            fields = _joined(fields, expanded.fields) if is_one else [*fields, *expanded.fields]
            is_open |= expanded.open
    return tuple(prefix), Words(fields=tuple(fields), open=is_open)


_NO_WORDS: Final = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect", "comment"})
_CONTINUATIONS: Final = frozenset({"\\\n", "\\\r\n"})
"""What may stand inside a word, which the grammar then takes for two."""


def _ends_a_line(gap: str) -> bool:
    """Say whether a command's assignments, as the grammar sees them, are a statement of the line before."""
    return "\n" in gap.replace("\\\r\n", "").replace("\\\n", "")


def _assign_first(interpreter: Interpreter, node: Node) -> None:
    for child in node.named_children:
        if child.type == "variable_assignment":
            assignments.follow(child, interpreter.unit, interpreter.scope)


def _joined(fields: Sequence[Field], more: Sequence[Field]) -> list[Field]:
    """Return words of which the last and the first are one; it cannot be removed by itself."""
    last, first = fields[-1], more[0]
    whole = replace(last.whole, end=last.whole.start)
    one = Field(text=last.text + first.text, whole=whole, written=f"{last.written}{first.written}")
    return [*fields[:-1], one, *more[1:]]


def start(interpreter: Interpreter, words: Sequence[Field], how: Call) -> None:
    """Say what a command line starts."""
    name = wrappers.program(words[0])
    if name in interpreter.scope.functions and words[0].value == name:
        call(interpreter, str(name), Words(fields=tuple(words[1:]), open=how.open))
    elif not (_builtin(interpreter.scope, name, words) or _shell(interpreter, name, words, how)):
        inner = runtime_env.submitted(words) or wrappers.inside(words)
        if inner is None:
            _launch(interpreter, words, how)
        elif inner.words:
            _inside(interpreter, inner, how)


def _inside(interpreter: Interpreter, inner: wrappers.Started, how: Call) -> None:
    """Say what a wrapper starts."""
    if inner.unset:
        scope = interpreter.scope.copy()
        for gone in inner.unset:
            scope.variables.pop(gone, None)
        interpreter = interpreter.within(scope)
    kept = () if inner.is_clean else tuple(each for each in how.settings if each.name not in inner.unset)
    how = replace(
        how,
        settings=(*kept, *inner.settings),
        open=how.open or inner.open,
        clean=how.clean or inner.is_clean,
    )
    start(interpreter, inner.words, how)


def _launch(interpreter: Interpreter, words: Sequence[Field], how: Call) -> None:
    scope = interpreter.scope
    started = programs.read(words, is_open=how.open) or programs.unknown(words)
    if started is None:
        _alone(interpreter, words, how.line)
        return
    settings = started.settings
    if started.name != INSTALL:
        exported = () if how.clean else tuple(assignments.exports(scope))
        settings = (*interpreter.slurm, *exported, *how.settings, *settings)
    interpreter.found.launches.append(
        Launch(
            program=started.name or None,
            line=how.line,
            settings=settings,
            open=started.open or scope.sourced,
        )
    )


def _alone(interpreter: Interpreter, words: Sequence[Field], line: int) -> None:
    """Notice a setting that no command gets, because a comment or a blank line ends the command before it."""
    made_by = override(words[0].text, words[0].whole, words[0].written)
    if made_by is not None and is_of_verl(made_by.name):
        reason = f"{made_by.name} is set for no command: the one above ends before this line"
        interpreter.found.unread.append((line, reason))


def _builtin(scope: Scope, name: str | None, words: Sequence[Field]) -> bool:
    """Follow what changes the shell itself."""
    match name:
        case "exit" | "return" | "break" | "continue":
            scope.dead = True
        case "exec" if len(words) == 1:
            pass
        case "source" | ".":
            if len(words) < 2 or not words[1].written.strip("'\"").endswith(_HARMLESS):  # noqa: PLR2004 - its file
                _read_in(scope)
        case "shift":
            count = words[1].value if len(words) > 1 else "1"
            known = scope.arguments
            rest = known.fields[int(count) :] if count and _COUNT.fullmatch(count) else ()
            scope.arguments = Words(fields=rest, open=known.open)
        case "set" if any(word.value == "--" for word in words):
            place = next(index for index, word in enumerate(words) if word.value == "--")
            scope.arguments = Words(fields=tuple(words[place + 1 :]))
        case "read" | "mapfile" | "readarray" | "getopts" | "let" | "printf":
            names = (word.value.partition("=")[0] for word in words[1:] if word.value)
            scope.forget([each for each in names if each.isidentifier()])
        case _:
            return False
    return True


def _read_in(scope: Scope) -> None:
    """Notice that something nobody sees here was run in this shell: it may have set anything."""
    scope.sourced = True
    scope.forget(list(scope.variables))


def _shell(interpreter: Interpreter, name: str | None, words: Sequence[Field], how: Call) -> bool:
    """Follow the text that `bash -c TEXT` or `eval TEXT` hands to a shell."""
    if name == "eval":
        texts = [word.text for word in words[1:]]
        joined = texts[0] if len(texts) == 1 else made(interpreter.scope.source, " ".join(each.text for each in texts))
        _nested(interpreter, joined, interpreter.scope, how.line)
        if _UNKNOWN_COMMAND.search(joined.text) and not _OF_TOOLS.search(" ".join(word.written for word in words)):
            _read_in(interpreter.scope)
        return True
    if name not in _SHELLS:
        return False
    place = next((index for index, word in enumerate(words) if _takes_text(word.value)), None)
    if place is None or place + 1 >= len(words):
        return False
    scope = interpreter.scope.copy()
    scope.variables = {} if how.clean else {key: each for key, each in scope.variables.items() if each.exported}
    assignments.export(scope, how.settings)
    scope.arguments = Words(fields=tuple(words[place + 3 :]))
    _nested(interpreter, words[place + 1].text, scope, how.line)
    return True


def call(interpreter: Interpreter, name: str, arguments: Words) -> None:
    """Follow a function with what it is called with."""
    interpreter.called.add(name)
    if interpreter.depth >= _DEEPEST:
        return
    scope = interpreter.scope
    function, outer, hidden = scope.functions[name], scope.arguments, scope.hidden
    scope.arguments, scope.hidden = arguments, {}
    replace(interpreter, unit=function.unit, depth=interpreter.depth + 1).statement(function.body)
    scope.arguments, scope.dead = outer, False
    scope.reveal(hidden)


def handed(interpreter: Interpreter, text: Traced | None, name: str) -> None:
    """Read a script or YAML that a heredoc writes to a file of this name, or hands to a shell of this name."""
    if text is None:
        return
    if name.endswith((".yaml", ".yml")):
        from verl_doctor.lint.readers import nested_yaml

        launches, unread = nested_yaml(text)
        interpreter.found.launches.extend(launches)
        interpreter.found.unread.extend(unread)
    elif name.endswith((".sh", ".slurm", ".sbatch", ".bash")) or name in {*_SHELLS, "sbatch"}:
        _nested(interpreter, text, Scope(source=interpreter.scope.source))


def _nested(interpreter: Interpreter, text: Traced, scope: Scope, line: int = 1) -> None:
    if interpreter.depth < _DEEPEST and text.text.strip():
        inner = unit(text, line)
        slurm = (*interpreter.slurm, *batch(inner))
        replace(interpreter, unit=inner, scope=scope, slurm=slurm, depth=interpreter.depth + 1, called=set()).run()


def _takes_text(option: str | None) -> bool:
    return option is not None and option.startswith("-") and not option.startswith("--") and option.endswith("c")
