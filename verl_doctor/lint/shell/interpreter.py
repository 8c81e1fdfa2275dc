"""Follows a script's statements in order, as far as they can be known without running it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.grammars import errors
from verl_doctor.lint.shell import assignments, commands
from verl_doctor.lint.shell.expansion import Expander
from verl_doctor.lint.shell.heredoc import handed_to_cat
from verl_doctor.lint.shell.scope import Field, Function, Scope, Words
from verl_doctor.lint.shell.status import chain, sign, works
from verl_doctor.lint.shell.unit import Unit

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST: Final = 12
"""How many functions and shells may start one another."""


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
            self.found.unread.append(self._trouble(node))
        self.statements(self.unit.root.named_children)
        for name, function in list(self.scope.functions.items()):
            if name not in self.called and function.unit is self.unit:
                commands.call(self.within(self.scope.copy()), name, Words(open=True))

    def statements(self, nodes: Iterable[Node]) -> None:
        """Follow statements in order, to where the script ends."""
        for node in nodes:
            if self.scope.dead:
                return
            self.statement(node)

    def statement(self, node: Node) -> None:
        """Follow one statement. Raises SpentError."""
        self.unit.text.source.budget.step(self.unit.text, node.start_byte)
        match node.type:
            case "command":
                commands.command(self, node)
            case "redirected_statement":
                self._redirected(node)
            case "variable_assignment" | "variable_assignments" | "declaration_command" | "unset_command":
                assignments.follow(node, self.unit, self.scope)
                self.substitutions(node)
            case "compound_statement" if self.unit.raw(node).startswith("(("):
                self.scope.forget(assignments.named(node, self.unit))
            case "test_command" | "comment" | "heredoc_redirect" | "file_redirect":
                pass
            case _ if (follow := _COMPOUND.get(node.type)) is not None:
                follow(self, node)
            case _:
                self.statements(node.named_children)

    def start(self, words: Sequence[Field], line: int) -> None:
        """Follow a command that is given as words."""
        if words:
            commands.start(self, words, commands.Call(line=line))

    def within(self, scope: Scope) -> Interpreter:
        """Return one that follows the same text with another scope."""
        return replace(self, scope=scope)

    def _apart(self, *nodes: Node) -> Scope:
        """Follow statements in a scope of their own; return it."""
        scope = self.scope.copy()
        self.within(scope).statements(nodes)
        return scope

    def _trouble(self, node: Node) -> tuple[int, str]:
        """Return where and why a part is not understood; of what is never closed, where it is opened."""
        if node.is_missing and node.parent is not None:
            return self.unit.line(node.parent), f"not understood: what begins here has no {node.type}"
        beginning = " ".join(self.unit.raw(node).split())[:40]
        return self.unit.line(node), f"not understood: {beginning or 'the end of the file'}"

    def follow_if(self, node: Node) -> None:
        """Follow each branch by itself; what they agree on is known after it."""
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

    def follow_case(self, node: Node) -> None:
        """Follow each pattern's statements by themselves."""
        items = [child for child in node.named_children if child.type == "case_item"]
        branches = [self._apart(*_of_item(item)) for item in items]
        takes_all = any(self.unit.raw(item).lstrip("( \t").startswith("*)") for item in items)
        self.scope.join(branches if takes_all else [*branches, self.scope.copy()])

    def follow_loop(self, node: Node) -> None:
        """Follow a loop's body once, with everything unknown that it changes."""
        changed = assignments.changed(node, self.unit)
        before = self.scope.copy()
        self.scope.forget(changed)
        inside = self.scope.copy()
        if "shift" in self.unit.raw(node).split():
            inside.arguments = Words(open=True)
        self.within(inside).statements(node.named_children)
        inside.dead = False
        self.scope.join([before, inside])

    def follow_pipeline(self, node: Node) -> None:
        """Follow the commands of a pipe, none of which changes the shell."""
        for child in node.named_children:
            self._apart(child)

    def follow_subshell(self, node: Node) -> None:
        """Follow what is in parentheses."""
        self._apart(*node.named_children)

    def follow_list(self, node: Node) -> None:
        """Follow `a && b` and `a || b`; whether b runs is known only where it is known whether a works."""
        parts = chain(node)
        self.listed(parts, runs_after=sign(node) == "&&")

    def listed(self, parts: Sequence[Node], *, runs_after: bool) -> None:
        """Follow statements of which each runs where the one before it works, or fails; those after it see it done."""
        first, rest = parts[0], parts[1:]
        self.statement(first)
        if self.scope.dead or not rest:
            return
        first_works = works(first, self.unit)
        if first_works is runs_after:
            self.listed(rest, runs_after=runs_after)
            return
        inner = self.scope.copy()
        self.within(inner).listed(rest, runs_after=runs_after)
        if first_works is None:
            self.scope.join([inner, self.scope.copy()])

    def follow_define(self, node: Node) -> None:
        """Keep a function for when it is called."""
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
            commands.handed(self, text, name)

    def substitutions(self, node: Node) -> None:
        """Follow the commands whose output becomes a part of this node."""
        for each in _descendants(node):
            if each.type in {"command_substitution", "process_substitution"}:
                self.within(self.scope.copy()).statements(each.named_children)


_COMPOUND: Final[Mapping[str, Callable[[Interpreter, Node], None]]] = {
    "if_statement": Interpreter.follow_if,
    "case_statement": Interpreter.follow_case,
    "for_statement": Interpreter.follow_loop,
    "c_style_for_statement": Interpreter.follow_loop,
    "while_statement": Interpreter.follow_loop,
    "list": Interpreter.follow_list,
    "pipeline": Interpreter.follow_pipeline,
    "subshell": Interpreter.follow_subshell,
    "function_definition": Interpreter.follow_define,
}


def _of_item(item: Node) -> list[Node]:
    """Return the statements of a case's item."""
    closing = next((child.end_byte for child in item.children if child.type == ")"), item.start_byte)
    return [child for child in item.named_children if child.start_byte >= closing]


def _descendants(node: Node) -> Iterator[Node]:
    waiting = list(node.children)
    while waiting:
        each = waiting.pop(0)
        yield each
        if each.type not in {"command_substitution", "process_substitution", "redirected_statement"}:
            waiting.extend(each.children)
