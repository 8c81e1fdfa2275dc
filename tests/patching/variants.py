"""Generated modules around the code that patches edit, and what must hold for an edit of any of them."""

from __future__ import annotations

import ast
import inspect
import io
import re
import textwrap
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import cycle, zip_longest

from hypothesis import strategies as st

from verl_doctor.patching.patch import After, Before, Patch, Unaffected, Unfamiliar
from verl_doctor.patching.structure import examine

Pair = tuple[str | None, str | None]
Kind = type[After | Unaffected | Unfamiliar]
Parentheses = tuple[ast.expr, str, str]

NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}

UNITS = (" ", "  ", "   ", "    ", " " * 8, "\t", "\t ")
NOT_ALONE = ("else", "elif", "except", "finally", "case")  # above their lines no statement can stand
COMMENTS = ("note", "type: ignore[attr-defined]", "type: (...) -> None", "fmt: off", "else: return", '"', "\\")
STATEMENTS = ("marker_{0} = {0}", "marker({0});", "if {0}: marker = 0", "with marker_{0}: pass", "...", "'marker {0}'")
OPENING = ("(", "( ", "(\n", "(  # open {}\n      ", "(\n# open {}\n")
CLOSING = (")", " )", "\n)", "  # close {}\n  )", "\n        # close {}\n        )")
LINE_ENDS = (("\n",), ("\r\n",), ("\n", "\r\n"), ("\r\n", "\r\n", "\n"))
TAILS = ("\n", "", "\n# the end", "\n\n  \n\t\n", "\n    ", "  \n\n\n", "\n\f\n")
PLAIN_TAILS = TAILS[:3]
ENCODINGS = (  # how it is declared, how it is written, and a word that it has
    ("", "utf-8", "\u00e9\u4e2d\U0001f642"),
    ("", "utf-8-sig", "\u4e2d"),
    ("# -*- coding: utf-8 -*-\n", "utf-8", "\u00fc\u2028"),
    ("# coding: latin-1\n", "latin-1", "\u00e9\u0085"),
    ("#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\n", "cp1252", "\u20ac"),
    ("# coding: shift_jis\n", "shift_jis", "\u8868"),  # its second byte is a backslash
)
FRAGMENTS = (
    *(bytes([byte]) for byte in b"\0\t\n\f\r\xff"),
    *(b"\\\n", b"    ", b"\xc3\xa9", b"\xef\xbb\xbf", b"# coding: utf-16\n"),
    *b'\' """ ( ) [ : ; , # = * . } @ -> := 0x f\'{ $'.split(),
    *(word + b" " for word in b"async await yield lambda: not def class pass else: return".split()),
)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A source with the bug, and one that means the same without it; `since` is the release it is written like."""

    source: bytes
    expected: bytes
    since: str | None = None


@dataclass(frozen=True, kw_only=True)
class Bystander:
    """A source that a patch leaves alone, and what it finds in it."""

    source: bytes
    structure: Kind
    since: str | None = None


@dataclass(frozen=True)
class Line:
    """A logical line: its tokens, its depth and column, its rows from 1, and which of them end within brackets."""

    tokens: tuple[str, ...]
    level: int
    column: int
    first: int
    last: int
    breaks: tuple[int, ...]


# What must hold.


def judge(patch: Patch, variant: Variant) -> None:
    """Assert that the patch makes of the source what is expected, touches nothing else, and is traced there."""
    found = examine(patch, variant.source, variant.since)
    assert isinstance(found, Before), found
    assert examine(patch, found.edited, variant.since) == After()
    assert meaning(found.edited) == meaning(variant.expected)
    assert_the_rest_stays(variant.source, found.edited, variant.expected)
    assert patch.trace.search(variant.source), "the bug leaves no trace"


def assert_the_rest_stays(source: bytes, edited: bytes, expected: bytes) -> None:
    """Assert that all rows stay but those of changed lines and the blank ones about them, and so do comments.

    New comments are those of the expected.
    """
    old, new = lines_of(decoded(source)), lines_of(decoded(edited))
    rows = re.findall(rb"[^\n]*\n|[^\n]+", source)
    kept: list[bytes] = []
    goes: Counter[str] = Counter()
    row = 0
    for a, b, is_replaced in _changes(old, new):
        start, stop = old[a - 1].last if a else 0, old[b].first - 1 if b < len(old) else len(rows)
        kept.append(b"".join(rows[row:start]))
        row = stop
        goes.update(_inside(old[a:b], decoded(source), stop, is_replaced=is_replaced))
    if row == len(rows) and not source.endswith(b"\n"):
        kept[-1] = kept[-1].rstrip(b"\r\n")  # what ends the file now ends without a newline as well
    assert edited.endswith(b"".join(rows[row:])), "a row below the edit has changed"
    assert edited.startswith(kept[0]), "a row above the edit has changed"
    place = 0
    for stretch in kept:
        assert edited.find(stretch, place) >= 0, "a row between two edits has changed"
        place = edited.find(stretch, place) + len(stretch)
    had, has, comes = (Counter(text for text, _ in comments_of(decoded(x))) for x in (source, edited, expected))
    assert not has - had - comes, "a comment came from nowhere"
    assert not had - has - goes, "a comment outside of the edit is lost"
    if not re.search(rb"\r(?!\n)", source):
        assert set(re.findall(rb"\r?\n", edited)) <= set(re.findall(rb"\r?\n", source)), "a line ends in another way"


def _changes(old: Sequence[Line], new: Sequence[Line]) -> Iterator[tuple[int, int, bool]]:
    """Yield which lines change, and whether they are replaced one by one."""
    one, other = ([(line.level, line.tokens) for line in lines] for lines in (old, new))
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag != "equal":
            yield a, b, b - a == d - c and new[c].tokens != ("pass",)


def _inside(removed: Sequence[Line], text: str, stop: int, *, is_replaced: bool) -> Iterator[str]:
    """Yield the comments that may go with removed lines: those on their rows, and in their blocks."""
    if not removed:
        return
    first, last = removed[0], removed[-1]
    is_block = any(line.level > first.level for line in removed)
    for comment, (row, column) in comments_of(text):
        on_rows = any(line.first <= row <= line.last for line in removed)
        stays = is_replaced and row == last.last
        in_block = is_block and first.last < row <= stop and (row < last.first or column > first.column)
        if (on_rows and not stays) or in_block:
            yield comment


# Reading sources.


@lru_cache(maxsize=8)
def meaning(source: bytes) -> str:
    """Return what a source means to Python; the indentation of docstrings is layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Expr(ast.Constant(str() as text) as constant):
                constant.value = "\n".join(line.rstrip() for line in inspect.cleandoc(text).split("\n")).strip()
            case _:
                pass
    return ast.dump(tree)


def means(source: bytes, text: str) -> bool:
    """Say whether a source means the same as a text."""
    return is_python(source) and meaning(source) == meaning(text.encode())


def is_python(source: bytes) -> bool:
    """Say whether Python can read a source."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def decoded(source: bytes) -> str:
    """Return the text of a source."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding)


@lru_cache(maxsize=8)
def tokens_of(text: str) -> list[tokenize.TokenInfo]:
    """Return the tokens of a source."""
    return list(tokenize.generate_tokens(io.StringIO(text, newline="\n").readline))


def comments_of(text: str) -> list[tuple[str, tuple[int, int]]]:
    """Return the comments of a source with their row and column."""
    return [(token.string.rstrip(), token.start) for token in tokens_of(text) if token.type == tokenize.COMMENT]


def lines_of(text: str) -> list[Line]:
    """Return the logical lines of a source."""
    found: list[Line] = []
    tokens: list[tokenize.TokenInfo] = []
    breaks: list[int] = []
    level = 0
    for token in tokens_of(text):
        level += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        if token.type == tokenize.NEWLINE and tokens:
            (first, column), last = tokens[0].start, tokens[-1].end[0]
            found.append(Line(tuple(t.string for t in tokens), level, column, first, last, tuple(breaks)))
            tokens, breaks = [], []
        elif token.type == tokenize.NL and tokens:
            breaks.append(token.start[0])
        elif token.type not in NOT_CODE:
            tokens.append(token)
    return found


def target(text: str, scope: str) -> list[ast.ClassDef | ast.FunctionDef]:
    """Return the function that a scope names, after the classes that it is in; nothing for a module."""
    found: list[ast.ClassDef | ast.FunctionDef] = []
    block = ast.parse(text).body
    for name in scope.split(".") if scope else ():
        kind = ast.FunctionDef if len(found) == scope.count(".") else ast.ClassDef
        found += [node for node in block if isinstance(node, kind) and node.name == name]
        block = found[-1].body
    return found


def _first_row(node: ast.ClassDef | ast.FunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _around(text: str, scope: str) -> tuple[str, str, str]:
    """Split a text before and after the top-level statement that holds the function."""
    top = target(text, scope)[0]
    rows = text.splitlines(keepends=True)
    start, stop = _first_row(top) - 1, top.end_lineno
    return "".join(rows[:start]), "".join(rows[start:stop]), "".join(rows[stop:])


def pairs_of(before: str, after: str) -> list[Pair]:
    """Return the rows of two texts side by side, None where one has none."""
    old, new = before.split("\n"), after.split("\n")
    found: list[Pair] = []
    for _, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        found += zip_longest(old[a:b], new[c:d])
    return found


def changed_rows(before: str, after: str) -> list[int]:
    """Return the rows of a text, from 1, that are not in the other, or after which the other has more."""
    found = set()
    row = 0
    for old, new in pairs_of(before, after):
        row += old is not None
        if old != new:
            found.add(row)
    return sorted(found)


# Generating sources.


@st.composite
def modules(draw: st.DrawFn, patch: Patch) -> Variant:
    """Modules around the examples of a patch."""
    example = draw(st.sampled_from(patch.examples))
    scope = patch.site(example.since).scope
    knows_semicolons = any(";" in other.before for other in patch.examples)
    texts = draw(parenthesised(example.before, example.after)), example.after
    texts = draw(with_statements(*texts, knows_semicolons=knows_semicolons))
    if scope and draw(st.booleans()):
        texts = decorated(texts[0], scope, "@decorated(1)  # twice"), decorated(texts[1], scope, "@decorated(1)")
    texts = draw(surrounded(scope, *texts, decoys(scope, example.before, example.after)))
    source = draw(laid_out(texts[0], changed_rows(*texts)))
    return Variant(source=source, expected=texts[1].encode(), since=example.since)


@st.composite
def bystanders(draw: st.DrawFn, patch: Patch) -> Bystander:
    """Modules in which there is nothing to edit, or nothing that the patch knows, but decoys all the same."""
    example = draw(st.sampled_from(patch.examples))
    site = patch.site(example.since)
    kinds: dict[str, Kind] = {"after": After, "unaffected": Unaffected, "unfamiliar": Unfamiliar}
    sources = [(other.source, kinds[other.structure]) for other in patch.untouched if patch.site(other.since) == site]
    sources.append((example.after, After))
    if site.scope:
        again = textwrap.indent(_around(example.before, site.scope)[1], "    ")
        sources.append((f"{example.before}if TWICE:\n{again}", Unfamiliar))
        sources += [
            (re.sub(rf"\b(def|class) {name}\b", r"\1 another", example.before), Unfamiliar)
            for name in site.scope.split(".")
        ]
    text, structure = draw(st.sampled_from([pair for pair in sources if is_python(pair[0].encode())]))
    for decoy in draw(st.lists(st.sampled_from(decoys(site.scope, example.before, example.after)), max_size=2)):
        text = f"{text}{decoy}" if draw(st.booleans()) else f"{decoy}{text}"
    return Bystander(source=draw(laid_out(text)), structure=structure, since=example.since)


@st.composite
def damaged(draw: st.DrawFn, patch: Patch) -> Variant:
    """Sources that the patch declares, with bytes and rows exchanged, taken out, put in and put in again."""
    declared = [(text, example.since) for example in patch.examples for text in (example.before, example.after)]
    text, since = draw(st.sampled_from(declared + [(other.source, other.since) for other in patch.untouched]))
    source = text.encode()
    for _ in range(draw(st.integers(1, 3))):
        source = draw(_with_rows_exchanged(source) | _with_bytes_exchanged(source))
    return Variant(source=source, expected=patch.examples[0].after.encode(), since=since)


@st.composite
def _with_bytes_exchanged(draw: st.DrawFn, source: bytes) -> bytes:
    start = draw(st.integers(0, len(source)))
    stop = start + draw(st.integers(0, 20))
    return source[:start] + draw(st.sampled_from(FRAGMENTS) | st.binary(max_size=3)) + source[stop:]


@st.composite
def _with_rows_exchanged(draw: st.DrawFn, source: bytes) -> bytes:
    rows = source.split(b"\n")
    one, other = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(rows) - 1))
    word = st.sampled_from(re.findall(rb"\w+", source) or [b"x"])
    margin = rows[one][: len(rows[one]) - len(rows[one].lstrip())]
    match draw(st.sampled_from(("out", "twice", "exchanged", "another word", "deeper"))):
        case "out":
            rows[one : one + 1] = []
        case "twice":
            rows[one:one] = [rows[other]]
        case "exchanged":
            rows[one], rows[other] = rows[other], rows[one]
        case "another word":
            rows[one] = rows[one].replace(draw(word), draw(word))
        case _:
            rows[one : one + 1] = [margin + b"if x:", b" " + rows[one]]
    return b"\n".join(rows)


@st.composite
def oddly_broken(draw: st.DrawFn, source: bytes) -> bytes:
    """The source with form feeds before rows, lone carriage returns, or white space after all."""
    rows = source.split(b"\n")
    first_block = next((number for number, row in enumerate(rows) if row[:1] in (b" ", b"\t") and row.strip()), 0)
    for row in draw(st.lists(st.just(first_block) | st.integers(0, len(rows) - 1), max_size=3)):
        rows[row] = b"\f" + rows[row]
    returns = draw(st.sets(st.integers(0, len(rows) - 1), max_size=3))
    odd = b"".join(row + (b"\r" if number in returns else b"\n") for number, row in enumerate(rows[:-1])) + rows[-1]
    odd += draw(st.sampled_from((b"", b"\n\n  \n\t\n", b"\n  \n  \n", b"\n    ")))
    return odd if means(odd, decoded(source)) else source


# Layers of a generated source: parentheses, statements, decoys.


@st.composite
def parenthesised(draw: st.DrawFn, before: str, after: str) -> str:
    """The text with parentheses about expressions of changed lines, and comments in them, also in those of calls."""
    found = expressions(before, changed_rows(before, after))
    nodes = draw(st.lists(st.sampled_from(found), max_size=3, unique=True)) if found else []
    opening, closing = st.sampled_from(OPENING), st.sampled_from(CLOSING)
    return within(before, [(node, draw(opening), draw(closing)) for node in nodes])


def expressions(text: str, rows: Sequence[int]) -> list[ast.expr]:
    """Return the expressions that begin or end on some rows, and do not only call."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.expr)]
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}  # nobody writes (f)()
    return [
        node
        for node in nodes
        if {node.lineno, node.end_lineno} & set(rows) and id(node) not in called
        if isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
    ]


def within(text: str, parentheses: Sequence[Parentheses]) -> str:
    """Return a text with parentheses about expressions, those of them that do not change what it means."""
    kept: list[Parentheses] = []
    for one in parentheses:
        if means(_within(text, [*kept, one]), text):
            kept.append(one)
    return _within(text, kept).decode()


def _within(text: str, parentheses: Sequence[Parentheses]) -> bytes:
    source = text.encode()
    starts = [0, *(match.end() for match in re.finditer(b"\n", source))]
    inserts = []
    for number, (node, opening, closing) in enumerate(parentheses):
        stop = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        inserts.append((starts[node.lineno - 1] + node.col_offset, opening.format(number)))
        inserts.append((stop, closing.format(number)))
        if isinstance(node, ast.Call) and "#" in closing:
            inserts.append((stop - 1, f"  # within {number}\n"))
    for place, insert in sorted(inserts, reverse=True):
        source = source[:place] + insert.encode() + source[place:]
    return source


@st.composite
def with_statements(draw: st.DrawFn, before: str, after: str, *, knows_semicolons: bool) -> tuple[str, str]:
    """The texts with more statements: above lines that both have, or before a changed one on the same line.

    None is put where the patch itself adds some.
    """
    pairs = pairs_of(before, after)
    index = [place for place, (old, _) in enumerate(pairs) if old is not None]
    lines = lines_of(before)
    changed = [line for line in lines if line.first in changed_rows(before, after)]
    outermost = [line.first for line in changed if line.level == min(line.level for line in changed)]
    places = {
        line.first: line
        for above, line in zip([None, *lines], lines, strict=False)
        if line.tokens[0] not in NOT_ALONE
        if above is None or (above.tokens[0] != "@" and pairs[index[above.last - 1] + 1][0] is not None)
    }
    for number, row in enumerate(draw(st.lists(st.sampled_from(sorted(places)), max_size=5, unique=True))):
        old, new = pairs[index[row - 1]]
        margin = str(old)[: places[row].column]
        if old == new:
            statement = draw(st.sampled_from(STATEMENTS)).format(number)
            pairs[index[row - 1]] = (f"{margin}{statement}\n{old}",) * 2
        elif knows_semicolons and row in outermost and _is_simple(old) and (new is None or _is_simple(new)):
            marker = f"{margin}marker = {number}"
            rest = "" if new is None or new.strip() == "pass" else f"; {new.strip()}"
            pairs[index[row - 1]] = (f"{marker}; {str(old).strip()}", f"{marker}{rest}")
    with_old, with_new = ("\n".join(row for row in column if row is not None) for column in zip(*pairs, strict=True))
    return with_old, with_new


def _is_simple(row: str | None) -> bool:
    source = str(row).strip().encode()
    return is_python(source) and not any(hasattr(statement, "body") for statement in ast.parse(source).body)


def decorated(text: str, scope: str, decorator: str) -> str:
    """Return a text with a decorator on the function."""
    function = target(text, scope)[-1]
    rows = text.split("\n")
    rows.insert(function.lineno - 1, textwrap.indent(decorator, " " * function.col_offset))
    return "\n".join(rows)


def decoys(scope: str, before: str, after: str) -> list[str]:
    """Return sources that have what the patch looks for, in places where it does not look."""
    found: list[str] = []
    for text in (before, after):
        code = text
        if scope:
            function = target(text, scope)[-1]
            rows = text.split("\n")[_first_row(function) - 1 : function.end_lineno]
            code = textwrap.dedent("\n".join(rows) + "\n")
            found += _decoys(scope, code)
        found += [f"TEXT = {code!r}\n", f"TEXT = r'''\n{code}'''\n", textwrap.indent(code, "# ", lambda _: True)]
    return [source for source in found if is_python(source.encode())]


def _decoys(scope: str, function: str) -> Iterator[str]:
    first, _, name = scope.rpartition(".")
    first = first or name
    nested = textwrap.indent(function, "    ")
    yield f"class Another:\n{nested}"
    yield f"def outer():\n{nested}"
    yield f"class Outer:\n    class Inner:\n{textwrap.indent(nested, '    ')}"
    yield f"class Outer:\n    class {first}:\n{textwrap.indent(nested, '    ')}"
    yield f"class {name}:\n{nested}"
    yield f"another = {first}\n{first} = {first} or another\n"
    yield re.sub(rf"\bdef {name}\b", "def unrelated", function)
    if first != name:
        yield function


@st.composite
def surrounded(draw: st.DrawFn, scope: str, before: str, after: str, others: Sequence[str]) -> tuple[str, str]:
    """The texts with decoys above and below the function; sometimes nothing else follows it."""
    texts = [before, after]
    if scope and draw(st.booleans()):
        texts = ["".join(_around(text, scope)[:2]) for text in texts]
    for decoy in draw(st.lists(st.sampled_from(others), max_size=2)):
        if scope and draw(st.booleans()):
            texts = [f"{above}{decoy}{here}{below}" for above, here, below in (_around(text, scope) for text in texts)]
        else:
            texts = [f"{text}{decoy}" for text in texts]
    before, after = texts
    return before, after


# The last layer: rows, indentation, line ends and bytes.

Noise = Callable[["Row", str], None]


@dataclass
class Row:
    """A row to disturb, with what comes above it and what follows on it, of a logical line."""

    body: str
    number: int
    line: Line
    above: str = ""
    end: str = ""

    def comment_above(self, comment: str) -> None:
        """Put a comment above it, in its column."""
        self._put_above(f"{self._margin}# {comment}\n")

    def comment_further_in(self, comment: str) -> None:
        """Put a comment above it, further in."""
        self._put_above(f"{self._margin}   # {comment}\n")

    def comment_at_the_left(self, comment: str) -> None:
        """Put a comment above it, in the first column."""
        self._put_above(f"#{comment}\n")

    def comment_after(self, comment: str) -> None:
        """Put a comment on it."""
        self._put_after(f"  # {comment}")

    def blank_above(self, _: str) -> None:
        """Put rows above it that have nothing but white space."""
        self._put_above("\n   \n\t\n")

    def page_above(self, _: str) -> None:
        """Begin a new page above it."""
        self._put_above("\f\n")

    def space_after(self, _: str) -> None:
        """Put white space at its end."""
        self._put_after(" \t ")

    def semicolon_after(self, _: str) -> None:
        """End its statement with a semicolon."""
        is_bare = self.number == self.line.last and not self.end and "#" not in self.body
        if is_bare and self.line.tokens[-1] not in ":;" and self.line.tokens[0] != "@":
            self.end = ";"

    def continued(self, _: str) -> None:
        """Break it at the first space between its words."""
        if self.line.first == self.line.last and not set("'\"#\n") & set(self.body):
            self.body = re.sub(r"(?<=\S) (?=\S)", " \\\\\n ", self.body, count=1)

    def moved(self, _: str) -> None:
        """Move what stands within brackets to an odd column."""
        if self.number - 1 in self.line.breaks:
            self.body = f" \t {self.body.lstrip()}"

    def _put_above(self, text: str) -> None:
        if self.number == self.line.first or self.number - 1 in self.line.breaks:
            self.above += text

    def _put_after(self, text: str) -> None:
        if self.number == self.line.last or self.number in self.line.breaks:
            self.end += text

    @property
    def _margin(self) -> str:
        return self.body[: len(self.body) - len(self.body.lstrip())]


NOISE: tuple[Noise, ...] = (
    Row.comment_above,
    Row.comment_further_in,
    Row.comment_at_the_left,
    Row.comment_after,
    Row.blank_above,
    Row.page_above,
    Row.space_after,
    Row.semicolon_after,
    Row.continued,
    Row.moved,
)


@st.composite
def laid_out(draw: st.DrawFn, text: str, focus: Sequence[int] = ()) -> bytes:
    """The text in another layout that means the same; it is disturbed most about the rows in focus."""
    declaration, codec, word = draw(st.sampled_from(ENCODINGS))
    lines = lines_of(text)
    units = draw(st.lists(st.sampled_from(UNITS), min_size=1, max_size=3))
    everywhere = sorted({row for line in lines for row in range(line.first, line.last + 1)})
    near = [row for row in everywhere if any(abs(row - other) < 3 for other in focus)] or everywhere
    place = st.sampled_from(everywhere) | st.sampled_from(near)
    comment = st.sampled_from(COMMENTS) | st.just(word)
    noise = draw(st.lists(st.tuples(place, st.sampled_from(NOISE), comment), max_size=12))
    body = disturbed(_indented(text, lines, units), noise).rstrip("\n")
    is_edit_last = bool(focus) and focus[-1] >= lines[-1].first  # then libcst wants to write white space below it
    tail = draw(st.sampled_from(PLAIN_TAILS if is_edit_last else TAILS))
    ends = cycle(draw(st.sampled_from(LINE_ENDS)))
    source = re.sub("\n", lambda _: next(ends), declaration + body + tail).encode(codec)
    assert meaning(source) == meaning(text.encode())
    return source


def disturbed(text: str, noise: Iterable[tuple[int, Noise, str]]) -> str:
    """Return a text with rows disturbed, with these words as comments; rows without code stay."""
    bodies = text.split("\n")
    rows = {n: Row(bodies[n - 1], n, line) for line in lines_of(text) for n in range(line.first, line.last + 1)}
    for number, disturb, comment in noise:
        if number in rows:
            disturb(rows[number], comment)
    changed = {number: f"{row.above}{row.body}{row.end}" for number, row in rows.items()}
    return "\n".join(changed.get(number, body) for number, body in enumerate(bodies, 1))


def _indented(text: str, lines: Sequence[Line], units: Sequence[str]) -> str:
    """Return a text with other indentation, another for each block at the top."""
    rows = text.split("\n")
    top = 0
    for line in lines:
        top += line.level == 0
        margin = "".join(units[(top + level) % len(units)] for level in range(line.level))
        rows[line.first - 1] = margin + rows[line.first - 1].lstrip()
    return "\n".join(rows)
