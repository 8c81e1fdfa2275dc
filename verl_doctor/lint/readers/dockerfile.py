"""Dockerfiles: variables of the image, what is installed, and what is started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from yaml.nodes import SequenceNode

from verl_doctor.lint.budget import SpentError
from verl_doctor.lint.document import Launch, Span
from verl_doctor.lint.grammars import errors, parse
from verl_doctor.lint.readers import Reading
from verl_doctor.lint.shell.assignments import exports
from verl_doctor.lint.shell.interpreter import Found, Interpreter
from verl_doctor.lint.shell.scope import Field, Scope, Variable
from verl_doctor.lint.shell.unit import unit
from verl_doctor.lint.traced import Traced, joined, made
from verl_doctor.lint.yaml_nodes import YamlError, documents, scalar

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(slots=True, kw_only=True)
class _Stage:
    """What a FROM begins: the variables, the ENTRYPOINT, and what has been found."""

    text: Traced
    found: Found
    scope: Scope
    entrypoint: tuple[Field, ...] = ()

    def shell(self, text: Traced, scope: Scope | None = None) -> None:
        """Follow a text in the shell's language."""
        inner = scope if scope is not None else self.scope.copy()
        inner.dead = False
        Interpreter(unit=unit(text), scope=inner, found=self.found, called=set()).run()

    def words(self, words: Sequence[Field], line: int) -> None:
        """Follow a command that is given as words, without a shell."""
        Interpreter(
            unit=unit(made(self.text.source, "")), scope=self.scope.copy(), found=self.found, called=set()
        ).start(words, line)


def read(text: Traced) -> Reading:
    """Return what a Dockerfile sets, installs and starts. Raises GrammarMissingError."""
    root = parse("containerfile", text)
    found = Found(launches=[], unread=[])
    for node in errors(root):
        beginning = " ".join(text.text[node.start_byte : node.end_byte].split())[:40]
        found.unread.append((_line(text, node), f"not understood: {beginning or 'the end of the file'}"))
    stages: dict[str, Scope] = {}
    stage = _Stage(text=text, found=found, scope=Scope(source=text.source))
    try:
        for node in root.named_children:
            if node.type == "from_instruction":
                _end(stage)
                stage = _Stage(text=text, found=found, scope=_begin(text, node, stages))
            _follow(stage, node)
        _end(stage)
    except SpentError as error:
        found.unread.append((error.line, error.reason))
    return tuple(found.launches), tuple(sorted(set(found.unread)))


def _begin(text: Traced, node: Node, stages: dict[str, Scope]) -> Scope:
    """Return the scope of a new stage: that of the stage it is built on, if it is one of this file's."""
    words = text.text[node.start_byte : node.end_byte].split()
    images = [word for word in words[1:] if not word.startswith("--")]
    scope = stages[images[0]].copy() if images and images[0] in stages else Scope(source=text.source)
    if len(images) > 2:  # noqa: PLR2004 # IMAGE AS NAME
        stages[images[2]] = scope
    return scope


def _end(stage: _Stage) -> None:
    """Tell of the variables that a stage's image has."""
    settings = tuple(exports(stage.scope))
    if settings:
        stage.found.launches.append(Launch(program=None, line=settings[0].whole.line, settings=settings, open=True))
    if stage.entrypoint:
        stage.words(stage.entrypoint, stage.entrypoint[0].text.line())


def _follow(stage: _Stage, node: Node) -> None:
    match node.type:
        case "env_instruction":
            _variables(stage, node, "export")
        case "arg_instruction":
            _variables(stage, node, "local")
        case "run_instruction":
            _run(stage, node)
        case "cmd_instruction" | "entrypoint_instruction":
            _start(stage, node)
        case _:
            pass


def _variables(stage: _Stage, node: Node, keyword: str) -> None:
    """Follow ENV and ARG: the same as a shell's assignments, but for the old form `ENV NAME VALUE`."""
    pairs = [child for child in node.named_children if child.type in {"env_pair", "arg_pair"}]
    if len(pairs) == 1 and not any(child.type == "=" for child in pairs[0].children):
        _old_form(stage, node, pairs[0], exported=keyword == "export")
        return
    text = joined(stage.text.source, [made(stage.text.source, keyword), _without_comments(stage.text, node, 1)])
    before = dict(stage.scope.variables)
    stage.shell(text, stage.scope)
    for name, variable in stage.scope.variables.items():
        if len(pairs) == 1 and variable is not before.get(name):
            stage.scope.variables[name] = replace(variable, whole=_lines(stage.text, node))


def _old_form(stage: _Stage, node: Node, pair: Node, *, exported: bool) -> None:
    parts = pair.named_children
    name = stage.text.text[parts[0].start_byte : parts[0].end_byte]
    if len(parts) == 1:
        return
    value = stage.text.cut(parts[1].start_byte, pair.end_byte)
    value = made(value.source, "\ufdd0") if "$" in value.text else value
    written = stage.text.text[node.start_byte : node.end_byte]
    place = _lines(stage.text, node)
    stage.scope.variables[name] = Variable(value=value, whole=place, written=written, exported=exported)


def _run(stage: _Stage, node: Node) -> None:
    """Follow RUN: a shell's text, words in JSON, or the text of a heredoc."""
    command = next((child for child in node.named_children if child.type in _COMMANDS), None)
    if command is None:
        return
    heredocs = [
        child for block in node.named_children if block.type == "heredoc_block" for child in block.named_children
    ]
    raw = stage.text.text[command.start_byte : command.end_byte]
    if command.type != "shell_command":
        stage.words(_json(stage.text, command), _line(stage.text, node))
    elif raw.startswith("<<") and len(raw.split()) == 1:
        for each in heredocs:
            if each.type == "heredoc_content":
                stage.shell(stage.text.cut(each.start_byte, each.end_byte))
    elif heredocs:
        stage.shell(stage.text.cut(command.start_byte, node.end_byte))
    else:
        stage.shell(_without_comments(stage.text, command, 0))


_COMMANDS = frozenset({"shell_command", "json_string_array"})


def _start(stage: _Stage, node: Node) -> None:
    """Follow CMD and ENTRYPOINT; words of CMD are those of an ENTRYPOINT, where there is one."""
    command = next((child for child in node.named_children if child.type in _COMMANDS), None)
    if command is None:
        return
    if command.type == "shell_command":
        stage.shell(_without_comments(stage.text, command, 0))
    elif node.type == "entrypoint_instruction":
        stage.entrypoint = _json(stage.text, command)
    elif stage.entrypoint:
        stage.entrypoint += _json(stage.text, command)
    else:
        stage.words(_json(stage.text, command), _line(stage.text, node))


def _json(text: Traced, node: Node) -> tuple[Field, ...]:
    """Return the words of the form ["a", "b"]; each goes with the comma before it."""
    part = text.cut(node.start_byte, node.end_byte)
    try:
        roots = documents(part)
    except YamlError:
        return ()
    words: list[Field] = []
    for root in roots:
        items = root.value if isinstance(root, SequenceNode) else []
        for index, item in enumerate(items):
            start = items[index - 1].end_mark.index if index else item.start_mark.index
            whole = part.hull(start, item.end_mark.index) or text.source.span(0, 0)
            written = part.text[item.start_mark.index : item.end_mark.index]
            words.append(Field(text=scalar(part, item), whole=whole, written=written))
    return tuple(words)


def _without_comments(text: Traced, node: Node, skipped: int) -> Traced:
    """Return a node's text without the comment lines in it, which Docker takes out, and its first children."""
    start = node.children[skipped - 1].end_byte if skipped else node.start_byte
    parts = []
    for first, last in _comments(text.text, start, node.end_byte):
        parts.append(text.cut(start, first))
        start = last
    return joined(text.source, [*parts, text.cut(start, node.end_byte)])


def _comments(raw: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where comment lines stand; the first line is none."""
    line = raw.find("\n", start, end) + 1
    while 0 < line < end:
        after = raw.find("\n", line, end) + 1 or end
        if raw[line:after].lstrip().startswith("#"):
            yield line, after
        line = after if after < end else 0


def _lines(text: Traced, node: Node) -> Span:
    """Return the lines of an instruction."""
    end = (
        text.text.find("\n", node.end_byte) + 1
        if not node.end_byte or text.text[node.end_byte - 1] != "\n"
        else node.end_byte
    )
    return text.hull(node.start_byte, end or len(text.text)) or text.source.span(0, 0)


def _line(text: Traced, node: Node) -> int:
    return text.cut(node.start_byte, len(text.text)).line()
