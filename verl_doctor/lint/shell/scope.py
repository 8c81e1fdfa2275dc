"""What is known of a script's variables at one point of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from verl_doctor.lint.document import Span
from verl_doctor.lint.traced import UNKNOWN, Source, Traced, made

if TYPE_CHECKING:
    from tree_sitter import Node

    from verl_doctor.lint.shell.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A word as a program gets it; `whole` is what must go for it to be gone, empty where that cannot be."""

    text: Traced
    whole: Span
    written: str

    @property
    def value(self) -> str | None:
        """The word; None where a part is unknown."""
        return self.text.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Words, to which others may come that nobody can see here: then they are `open`."""

    fields: tuple[Field, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable's value: a text, or the words of an array; and the assignment that gave it."""

    value: Traced | Words
    whole: Span
    written: str
    exported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function, and the text that it stands in."""

    unit: Unit
    body: Node


@dataclass(slots=True, kw_only=True)
class Scope:
    """What is known at one point. A name that is not in `variables` is set by nobody here.

    `arguments` are those of the script or function ($1, "$@"); `sourced` says that another file was read in, which may
    have set anything; `dead` that the script has ended.
    """

    source: Source
    variables: dict[str, Variable] = field(default_factory=dict)
    arguments: Words = Words(open=True)
    functions: dict[str, Function] = field(default_factory=dict)
    sourced: bool = False
    dead: bool = False
    hidden: dict[str, Variable | None] | None = None
    """What the variables that a function makes its own were before; None outside of functions."""

    def hide(self, name: str) -> None:
        """Keep what a variable is, to be so again at the function's end."""
        if self.hidden is not None:
            self.hidden.setdefault(name, self.variables.get(name))

    def reveal(self, hidden: dict[str, Variable | None] | None) -> None:
        """Leave a function: its own variables go; `hidden` is what the caller has hidden itself."""
        for name, before in (self.hidden or {}).items():
            if before is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = before
        self.hidden = hidden

    def copy(self) -> Scope:
        """Return a scope that changes by itself."""
        hidden = None if self.hidden is None else dict(self.hidden)
        return replace(self, variables=dict(self.variables), functions=self.functions, hidden=hidden)

    def take(self, other: Scope) -> None:
        """Become the other one."""
        self.variables, self.arguments = other.variables, other.arguments
        self.sourced, self.dead, self.hidden = other.sourced, other.dead, other.hidden

    def forget(self, names: Iterable[str]) -> None:
        """Make these variables unknown, whatever they were."""
        for name in names:
            self.variables[name] = self._unknown(self.variables.get(name))

    def join(self, branches: Iterable[Scope]) -> None:
        """Become what is known after one of these branches, nobody knows which."""
        branches = tuple(branches)
        alive = tuple(branch for branch in branches if not branch.dead)
        if not alive:
            self.dead = True
            return
        names = dict.fromkeys(name for branch in alive for name in branch.variables)
        self.variables = {name: self._either([branch.variables.get(name) for branch in alive]) for name in names}
        same = all(branch.arguments == alive[0].arguments for branch in alive)
        self.arguments = alive[0].arguments if same else Words(open=True)
        self.sourced = any(branch.sourced for branch in alive)
        if self.hidden is not None:
            self.hidden = {name: each for branch in reversed(alive) for name, each in (branch.hidden or {}).items()}

    def _either(self, found: list[Variable | None]) -> Variable:
        first = found[0]
        if first is not None and all(each is first for each in found):
            return first
        known = [each for each in found if each is not None]
        exported = any(each.exported for each in known)
        arrays = [each.value for each in known if isinstance(each.value, Words)]
        if len(arrays) == len(known):
            arrays += [Words()] * (len(found) - len(known))
            return Variable(value=_either_array(arrays), whole=_emptied(known[0]), written="", exported=exported)
        texts = {each.value.text if isinstance(each.value, Traced) else UNKNOWN for each in known}
        text = texts.pop() if len(texts) == 1 and len(known) == len(found) else UNKNOWN
        return Variable(
            value=made(self.source, text), whole=_emptied(known[0]), written=known[0].written, exported=exported
        )

    def _unknown(self, variable: Variable | None) -> Variable:
        exported = variable is not None and variable.exported
        is_array = variable is not None and isinstance(variable.value, Words)
        value = Words(open=True) if is_array else made(self.source, UNKNOWN)
        whole = self.source.span(0, 0) if variable is None else _emptied(variable)
        return Variable(value=value, whole=whole, written="", exported=exported)


def _emptied(variable: Variable) -> Span:
    """Return the place of an assignment that cannot go alone, because others may be the ones that count."""
    return replace(variable.whole, end=variable.whole.start)


def _either_array(arrays: list[Words]) -> Words:
    """Return the words that all have in common at their beginning, then each other's with an unknown value."""
    first = arrays[0].fields
    length = next(
        (
            index
            for index in range(len(first))
            if any(array.fields[index : index + 1] != first[index : index + 1] for array in arrays)
        ),
        len(first),
    )
    rest = tuple(_perhaps(each) for array in arrays for each in array.fields[length:])
    return Words(fields=first[:length] + rest, open=bool(rest) or any(array.open for array in arrays))


def _perhaps(word: Field) -> Field:
    """Return a word that may be there: the same setting with an unknown value."""
    key, equals, _ = word.text.text.partition("=")
    text = word.text.cut(0, len(key + equals)) + made(word.text.source, UNKNOWN)
    return replace(word, text=text, whole=replace(word.whole, end=word.whole.start))
