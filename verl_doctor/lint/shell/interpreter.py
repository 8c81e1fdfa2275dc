"""Follows a script's statements in order, as far as they can be known without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.grammars import errors
from verl_doctor.lint.settings import setting
from verl_doctor.lint.shell import assignments, programs, runtime_env, wrappers
from verl_doctor.lint.shell.expansion import Expander
from verl_doctor.lint.shell.heredoc import handed_to_cat
from verl_doctor.lint.shell.scope import Field, Function, Scope, Words
from verl_doctor.lint.shell.slurm import batch
from verl_doctor.lint.shell.unit import Unit, unit
from verl_doctor.lint.traced import Traced, made

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST: Final = 12
"""How many functions and shells may start one another."""
_SHELLS: Final = frozenset({"bash", "sh", "zsh", "dash"})
_ENDS: Final = frozenset({"exit", "return", "break", "continue"})
_HARMLESS: Final = ("/activate", "conda.sh", "/etc/profile")
"""Files that are sourced to choose an environment, not to set something for verl."""


@dataclass(slots=True, kw_only=True)
class Found:
    """What has been found so far, in all the texts of a file."""

    launches: list[Launch]
    unread: list[tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """Follows one text; those that it hands to another shell are followed by others."""

    unit: Unit
    scope: Scope
    found: Found
    slurm: tuple[Setting, ...] = ()
    depth: int = 0
    called: set[str]

    def run(self) -> None:
        """Follow the whole text, then the functions that nobody calls."""
        for node in errors(self.unit.root):
            what = f"{node.type} is missing" if node.is_missing else f"not understood: {self._beginning(node)}"
            self.found.unread.append((self.unit.line(node), what))
        self.statements(self.unit.root.named_children)
        for name, function in list(self.scope.functions.items()):
            if name not in self.called and function.unit is self.unit:
                self._call(name, Words(open=True), self.scope.copy())

    def statements(self, nodes: Iterable[Node]) -> None:
        """Follow statements in order, to where the script ends."""
        for node in nodes:
            if self.scope.dead:
                return
            self.statement(node)

    def statement(self, node: Node) -> None:
        """Follow one statement."""
        match node.type:
            case "command":
                self._command(node)
            case "redirected_statement":
                self._redirected(node)
            case "variable_assignment" | "variable_assignments" | "declaration_command" | "unset_command":
                assignments.follow(node, self.unit, self.scope)
                self._substitutions(node)
            case "if_statement":
                self._if(node)
            case "case_statement":
                self._case(node)
            case "for_statement" | "c_style_for_statement" | "while_statement":
                self._loop(node)
            case "list":
                self._list(node)
            case "pipeline":
                for child in node.named_children:
                    self._apart(child)
            case "subshell":
                self._within(self.scope.copy()).statements(node.named_children)
            case "function_definition":
                self._define(node)
            case "test_command" | "comment" | "heredoc_redirect" | "file_redirect":
                pass
            case "compound_statement" if self.unit.raw(node).startswith("(("):
                self.scope.forget(assignments.named(node, self.unit))
            case _:
                self.statements(node.named_children)

    def start(self, words: Sequence[Field], line: int) -> None:
        """Follow a command that is given as words."""
        if words:
            self._start(words, (), line, is_open=False)

    def _within(self, scope: Scope) -> Interpreter:
        return replace(self, scope=scope)

    def _apart(self, *nodes: Node) -> Scope:
        """Follow statements in a scope of their own; return it."""
        scope = self.scope.copy()
        self._within(scope).statements(nodes)
        return scope

    def _beginning(self, node: Node) -> str:
        return " ".join(self.unit.raw(node).split())[:40] or "the end of the file"

    def _if(self, node: Node) -> None:
        bodies: list[list[Node]] = [[]]
        has_else = False
        for child in node.named_children:
            if child.type == "elif_clause":
                bodies.append(child.named_children)
            elif child.type == "else_clause":
                has_else = True
                bodies.append(child.named_children)
            else:
                bodies[0].append(child)
        branches = [self._apart(*body) for body in bodies]
        self.scope.join(branches if has_else else [*branches, self.scope.copy()])

    def _case(self, node: Node) -> None:
        items = [child for child in node.named_children if child.type == "case_item"]
        branches = [self._apart(*_of_item(item)) for item in items]
        takes_all = any(self.unit.raw(item).lstrip("( \t").startswith("*)") for item in items)
        self.scope.join(branches if takes_all else [*branches, self.scope.copy()])

    def _loop(self, node: Node) -> None:
        """Follow a loop's body once, with everything unknown that it changes."""
        changed = assignments.changed(node, self.unit)
        before = self.scope.copy()
        self.scope.forget(changed)
        inside = self.scope.copy()
        if any(word in self.unit.raw(node).split() for word in ("shift",)):
            inside.arguments = Words(open=True)
        self._within(inside).statements(node.named_children)
        inside.dead = False
        self.scope.join([before, inside])

    def _list(self, node: Node) -> None:
        """Follow `a && b` (b runs, unless a is only a test) and `a || b` (nobody knows)."""
        left, right = node.named_children[0], node.named_children[-1]
        sign = next((child.type for child in node.children if child.type in {"&&", "||"}), "&&")
        self.statement(left)
        if self.scope.dead or left == right:
            return
        if sign == "&&" and not _is_test(left):
            self.statement(right)
        else:
            self.scope.join([self._apart(right), self.scope.copy()])

    def _define(self, node: Node) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self.scope.functions[self.unit.raw(name)] = Function(unit=self.unit, body=body)

    def _redirected(self, node: Node) -> None:
        """Follow a statement, and the text that is handed to it or written by it."""
        for child in node.named_children:
            if child.type not in {"file_redirect", "heredoc_redirect", "herestring_redirect"}:
                self.statement(child)
        for child in (each for each in _descendants(node) if each.type == "heredoc_redirect"):
            text, name = handed_to_cat(node, child, Expander(unit=self.unit, scope=self.scope))
            for other in child.named_children:
                if other.type in {"pipeline", "list", "command"}:
                    self.statement(other)
            self._handed(text, name)

    def _handed(self, text: Traced | None, name: str) -> None:
        """Read a script or YAML that a heredoc writes, or hands to a shell."""
        if text is None or self.depth >= _DEEPEST:
            return
        if name.endswith((".yaml", ".yml")):
            from verl_doctor.lint.readers import nested_yaml

            launches, unread = nested_yaml(text)
            self.found.launches.extend(launches)
            self.found.unread.extend(unread)
        elif name.endswith((".sh", ".slurm", ".sbatch", ".bash")) or name in {*_SHELLS, "sbatch"}:
            self._nested(text, Scope(source=self.scope.source))

    def _nested(self, text: Traced, scope: Scope) -> None:
        if self.depth < _DEEPEST and text.text.strip():
            inner = unit(text)
            settings = (*self.slurm, *batch(inner))
            nested = replace(
                self, unit=inner, scope=scope, slurm=settings, depth=self.depth + 1, called=set()
            )
            nested.run()

    def _substitutions(self, node: Node) -> None:
        """Follow the commands whose output becomes a part of this node."""
        for each in _descendants(node):
            if each.type in {"command_substitution", "process_substitution"}:
                self._within(self.scope.copy()).statements(each.named_children)

    def _command(self, node: Node) -> None:
        expander = Expander(unit=self.unit, scope=self.scope)
        prefix, words = self._parts(node, expander)
        self._substitutions(node)
        if words.fields:
            is_open = words.open or node.has_error
            self._start(list(words.fields), prefix, self.unit.line(node), is_open=is_open)
        elif prefix:
            assignments.follow(node, self.unit, self.scope)

    def _parts(self, node: Node, expander: Expander) -> tuple[tuple[Setting, ...], Words]:
        """Return what `NAME=VALUE` before a command sets for it, and the words of the command."""
        prefix: list[Setting] = []
        fields: list[Field] = []
        is_open = False
        for child in node.named_children:
            if child.type == "variable_assignment":
                name, value = assignments.parts(child, expander)
                prefix.append(
                    setting("environment", name, value, 0, self.unit.without_prefix(child), self.unit.raw(child))
                )
            elif child.type in {"file_redirect", "heredoc_redirect", "herestring_redirect", "comment"}:
                continue
            else:
                word = child.named_children[0] if child.type == "command_name" and child.named_children else child
                expanded = expander.fields(word)
                fields.extend(expanded.fields)
                is_open |= expanded.open
        return tuple(prefix), Words(fields=tuple(fields), open=is_open)

    def _start(
        self, words: Sequence[Field], settings: tuple[Setting, ...], line: int, *, is_open: bool, clean: bool = False
    ) -> None:
        """Say what a command line starts, through whatever wraps it."""
        name = wrappers.program(words[0])
        if name in self.scope.functions and words[0].value == name:
            self._call(str(name), Words(fields=tuple(words[1:]), open=is_open), self.scope)
            return
        if self._builtin(name, words) or self._shell(name, words, settings, clean=clean):
            return
        inner = runtime_env.submitted(words) or wrappers.inside(words)
        if inner is not None:
            if inner.words:
                kept = tuple(each for each in settings if each.name not in inner.unset)
                scope = self.scope
                if inner.unset:
                    scope = scope.copy()
                    for gone in inner.unset:
                        scope.variables.pop(gone, None)
                self._within(scope)._start(
                    inner.words,
                    (*kept, *inner.settings),
                    line,
                    is_open=is_open or inner.open,
                    clean=clean or inner.is_clean,
                )
            return
        self._launch(words, settings, line, is_open=is_open, clean=clean)

    def _launch(
        self, words: Sequence[Field], settings: tuple[Setting, ...], line: int, *, is_open: bool, clean: bool
    ) -> None:
        started = programs.read(words, is_open=is_open)
        if started is None:
            self._alone(words, line)
            return
        is_install = started.name == programs.INSTALL
        exported = () if clean or is_install else tuple(exports(self.scope))
        self.found.launches.append(
            Launch(
                program=started.name,
                line=line,
                settings=started.settings if is_install else (*self.slurm, *exported, *settings, *started.settings),
                open=started.open or self.scope.sourced,
            )
        )

    def _alone(self, words: Sequence[Field], line: int) -> None:
        """Notice a setting that no command gets, because a comment or a blank line ends the command before it."""
        from verl_doctor.lint.settings import is_of_verl, override

        made_by = override(words[0].text, words[0].whole, words[0].written)
        if made_by is not None and is_of_verl(made_by.name):
            reason = f"{made_by.name} is set for no command: the one above ends before this line"
            self.found.unread.append((line, reason))

    def _builtin(self, name: str | None, words: Sequence[Field]) -> bool:
        """Follow what changes the shell itself."""
        match name:
            case "exit" | "return" | "break" | "continue":
                self.scope.dead = True
            case "exec" if len(words) == 1:
                pass
            case "source" | ".":
                target = words[1].value if len(words) > 1 else None
                self.scope.sourced |= target is None or not target.endswith(_HARMLESS)
            case "shift":
                count = words[1].value if len(words) > 1 else "1"
                known = self.scope.arguments
                rest = known.fields[int(count) :] if count and count.isdigit() else ()
                self.scope.arguments = Words(fields=rest, open=known.open)
            case "set" if any(word.value == "--" for word in words):
                place = next(index for index, word in enumerate(words) if word.value == "--")
                self.scope.arguments = Words(fields=tuple(words[place + 1 :]))
            case "read" | "mapfile" | "readarray" | "getopts" | "let" | "printf":
                names = (word.value.partition("=")[0] for word in words[1:] if word.value)
                self.scope.forget([each for each in names if each.isidentifier()])
            case _:
                return False
        return True

    def _shell(self, name: str | None, words: Sequence[Field], settings: tuple[Setting, ...], *, clean: bool) -> bool:
        """Follow the text that `bash -c TEXT` or `eval TEXT` hands to a shell."""
        if name == "eval":
            text = words[1].text if len(words) == 2 else made(self.scope.source, " ".join(w.text.text for w in words[1:]))  # noqa: PLR2004 # eval and its text
            self._nested(text, self.scope)
            return True
        if name not in _SHELLS:
            return False
        place = next((index for index, word in enumerate(words) if _takes_text(word.value)), None)
        if place is None or place + 1 >= len(words):
            return False
        scope = self.scope.copy()
        scope.variables = {} if clean else {key: each for key, each in scope.variables.items() if each.exported}
        assignments.export(scope, settings)
        scope.arguments = Words(fields=tuple(words[place + 3 :]))
        self._nested(words[place + 1].text, scope)
        return True

    def _call(self, name: str, arguments: Words, scope: Scope) -> None:
        """Follow a function with what it is called with."""
        self.called.add(name)
        if self.depth >= _DEEPEST:
            return
        function = self.scope.functions[name]
        outer = scope.arguments
        scope.arguments = arguments
        inner = replace(self, unit=function.unit, scope=scope, depth=self.depth + 1)
        inner.statement(function.body)
        scope.arguments, scope.dead = outer, False


def exports(scope: Scope) -> Iterator[Setting]:
    """Yield the variables that a program gets."""
    for name, variable in scope.variables.items():
        if variable.exported and isinstance(variable.value, Traced):
            yield setting("environment", name, variable.value, 0, variable.whole, variable.written)


def _of_item(item: Node) -> list[Node]:
    """Return the statements of a case's item."""
    closing = next((child.end_byte for child in item.children if child.type == ")"), item.start_byte)
    return [child for child in item.named_children if child.start_byte >= closing]


def _is_test(node: Node) -> bool:
    return node.type in {"test_command", "negated_command"} or (
        node.type == "list" and any(_is_test(child) for child in node.named_children)
    )


def _takes_text(option: str | None) -> bool:
    return option is not None and option.startswith("-") and not option.startswith("--") and option.endswith("c")


def _descendants(node: Node) -> Iterator[Node]:
    waiting = list(node.children)
    while waiting:
        each = waiting.pop(0)
        yield each
        if each.type not in {"command_substitution", "process_substitution", "redirected_statement"}:
            waiting.extend(each.children)
