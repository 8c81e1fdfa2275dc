"""What patches do to sources that nobody wrote: in odd layouts, between decoys, damaged."""

from __future__ import annotations

import ast
import os
import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.patching.sandbox import Sandbox, row
from tests.patching.variants import (
    Bystander,
    Variant,
    assert_the_rest_stays,
    bystanders,
    damaged,
    decorated,
    is_python,
    judge,
    meaning,
    means,
    modules,
    oddly_broken,
    parenthesised,
    target,
)
from verl_doctor.errors import PatchRefusedError
from verl_doctor.patching import catalogue
from verl_doctor.patching.patch import After, Before, Patch, Unfamiliar
from verl_doctor.patching.structure import examine

PATCHES = pytest.mark.parametrize("patch", catalogue.load(), ids=lambda patch: patch.name)
SHARE = 200 // len(catalogue.load())  # of the seconds that all patches may take
PROFILE = settings(
    derandomize=True, deadline=None, database=None, max_examples=SHARE, suppress_health_check=[HealthCheck.too_slow]
)

KINDS = {
    "tabs": rb"(?m)^\t+\w",
    "one space": rb"(?m)^ \w",
    "three spaces": rb"(?m)^   \w",
    "eight spaces": rb"(?m)^(def|class) .*:\s*\n        \w",
    "all lines end in CR LF": rb"\A(?:[^\n]*\r\n)+[^\n]*\Z",
    "mixed line ends": rb"[^\r]\n(?s:.*)\r\n|\r\n(?s:.*)[^\r]\n",
    "byte order mark": rb"\A\xef\xbb\xbf",
    "utf-8": rb"\xc3\xa9",
    "latin-1": rb"coding: latin-1\r?\n(?s:.*)\xe9",
    "cp1252": rb"coding=cp1252 :\r?\n(?s:.*)\x80",
    "shift_jis": rb"shift_jis(?s:.*)\x95\\",
    "no newline at the end": rb"[^\n]\Z",
    "white space at line ends": rb"\w[ \t]+\r?\n",
    "rows of white space": rb"\n[ \t]+\r?\n",
    "form feeds": rb"\n\f\r?\n",
    "continued lines": rb"\w \\\r?\n",
    "odd columns within brackets": rb"(?m)^ \t [^#\s]",
    "comments at the left": rb"(?m)^#[^ !c]",
    "comments further in": rb"(?m)^([ \t]*)   # .*\n\1\w",
    "comments within brackets": rb"\(  # open",
    "comments within calls": rb"  # within",
    "type comments": rb"# type: \(\.\.\.\) ->",
    "semicolons": rb";\r?\n",
    "several statements on a line": rb"marker = \d; ",
    "more statements": rb"with marker_\d: pass",
    "decorators": rb"@decorated\(1\)",
    "decoy: method of another class": rb"class Another:",
    "decoy: nested function": rb"def outer\(\):",
    "decoy: nested class": rb"class Outer:\s+class (?!Inner)",
    "decoy: string": rb"TEXT = ['\"]",
    "decoy: long string": rb"TEXT = r'''",
    "decoy: comment": rb"(?m)^# +def ",
    "decoy: another function": rb"def unrelated\(",
}


@PATCHES
def test_only_the_bug_goes(patch: Patch) -> None:
    @PROFILE
    @given(modules(patch))
    def holds(variant: Variant) -> None:
        judge(patch, variant)

    holds()


def test_every_kind_of_module_is_generated() -> None:
    seen: Counter[str] = Counter()

    @settings(PROFILE, max_examples=350)
    @given(st.sampled_from(catalogue.load()).flatmap(modules))
    def look(variant: Variant) -> None:
        seen.update(kind for kind, pattern in KINDS.items() if re.search(pattern, variant.source))

    look()
    assert [kind for kind in KINDS if not seen[kind]] == []


@PATCHES
def test_the_trace_is_in_the_function_whatever_its_layout(patch: Patch) -> None:
    @PROFILE
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        example = data.draw(st.sampled_from(patch.examples))
        text = data.draw(parenthesised(example.before, example.after))
        functions = target(text, patch.site(example.since).scope)
        code = ast.get_source_segment(text, functions[-1]) if functions else text
        assert patch.trace.search(str(code).encode())

    holds()


@PATCHES
def test_odd_sources_are_refused_or_right(patch: Patch) -> None:
    outcomes = set()

    @PROFILE
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        variant = data.draw(modules(patch))
        source = data.draw(oddly_broken(variant.source))
        found = examine(patch, source, variant.since)
        outcomes.add(type(found))
        match found:
            case Before(edited):
                assert meaning(edited) == meaning(variant.expected)
                assert examine(patch, edited, variant.since) == After()
            case Unfamiliar(reason):
                assert re.match("libcst does not reproduce it|it cannot be parsed", reason)
            case _:
                pytest.fail(str(found))

    holds()
    assert Before in outcomes


@pytest.mark.parametrize(
    "decorator",
    [
        pytest.param("@decorated(1)", id="a call"),
        pytest.param("@decorated(  # twice\n  1\n)  # in all\n# here\n\n@decorated", id="two, over several lines"),
        pytest.param("@(  # twice\n  decorated(1)\n)", id="in parentheses"),
        pytest.param("@\\\n  decorated", id="continued"),
    ],
)
def test_decorators_stay(decorator: str) -> None:
    for patch in catalogue.load():
        for example in patch.examples:
            scope = patch.site(example.since).scope
            if scope:
                source, expected = (decorated(text, scope, decorator) for text in (example.before, example.after))
                judge(patch, Variant(source=source.encode(), expected=expected.encode(), since=example.since))


@PATCHES
def test_a_form_feed_does_not_become_indentation(patch: Patch) -> None:
    for example in patch.examples:
        rows = example.before.split("\n")
        for place, text in enumerate(rows):
            source = "\n".join([*rows[:place], f"\f{text}", *rows[place + 1 :]])
            found = examine(patch, source.encode(), example.since)
            assert isinstance(found, Unfamiliar) or (
                isinstance(found, Before) and means(found.edited, example.after)
            ), source


@PATCHES
def test_damaged_sources_raise_nothing_and_get_no_worse(patch: Patch) -> None:
    outcomes: Counter[type] = Counter()

    @settings(PROFILE, max_examples=5 * SHARE)
    @given(damaged(patch))
    def holds(variant: Variant) -> None:
        found = examine(patch, variant.source, variant.since)
        outcomes[type(found)] += is_python(variant.source)
        if isinstance(found, Before):
            assert examine(patch, found.edited, variant.since) == After()
            if is_python(variant.source):
                assert is_python(found.edited)
                assert_the_rest_stays(variant.source, found.edited, variant.expected)

    holds()
    assert min(outcomes[Before], outcomes[Unfamiliar]) > 0


@PATCHES
def test_bytes_that_are_no_source_raise_nothing(patch: Patch) -> None:
    @PROFILE
    @given(st.binary() | st.text().map(str.encode))
    def holds(content: bytes) -> None:
        assert not isinstance(examine(patch, content), Before)

    holds()


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x = 0" + " + 1" * 900, id="a long sum"),
        pytest.param("x = ''" + "\\\n    ''" * 900, id="a long string in parts"),
        pytest.param("x = a" + ".a()" * 900, id="a long chain of calls"),
        pytest.param("if a:\n    pass\n" + "elif a:\n    pass\n" * 900, id="many branches"),
    ],
)
def test_deep_sources_raise_nothing(source: str) -> None:
    assert is_python(source.encode())
    for patch in catalogue.load():
        example = patch.examples[0]
        assert isinstance(examine(patch, f"{example.before}{source}\n".encode(), example.since), Before | Unfamiliar)


@PATCHES
def test_apply_and_revert(patch: Patch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # many runs, and nobody pulls the plug

    @settings(PROFILE, max_examples=SHARE // 3)
    @given(modules(patch))
    def holds(variant: Variant) -> None:
        with TemporaryDirectory(dir=tmp_path) as folder:
            sandbox = install(Path(folder), patch, variant.source, variant.since)
            file = patch.site(variant.since).file
            released = sandbox.snapshot()
            sandbox.apply(patch.name)
            assert Before(sandbox.read(file)) == examine(patch, variant.source, variant.since)
            patched = sandbox.snapshot()
            changed = {path for path in released if patched[path] != released[path]}
            assert changed == {file, f"{sandbox.metadata.name}/RECORD"}
            assert sandbox.disagreements_with_record() == []
            assert sandbox.apply(patch.name).changes == ()
            assert sandbox.snapshot() == patched
            sandbox.revert(patch.name)
            assert sandbox.snapshot() == released

    holds()


@PATCHES
def test_a_file_without_the_bug_or_unfamiliar_is_left(patch: Patch, tmp_path: Path) -> None:
    outcomes = set()

    @PROFILE
    @given(bystanders(patch))
    def holds(bystander: Bystander) -> None:
        assert isinstance(examine(patch, bystander.source, bystander.since), bystander.structure)
        outcomes.add(bystander.structure)
        with TemporaryDirectory(dir=tmp_path) as folder:
            sandbox = install(Path(folder), patch, bystander.source, bystander.since)
            released = sandbox.snapshot()
            if bystander.structure is Unfamiliar:
                with pytest.raises(PatchRefusedError, match=f"is not what {patch.name} knows"):
                    sandbox.apply(patch.name)
            else:
                assert sandbox.apply(patch.name).changes == ()
            assert sandbox.snapshot() == released

    holds()
    assert {After, Unfamiliar} <= outcomes


class Installed(Sandbox):
    """A site-packages with one file of one distribution."""

    @property
    def metadata(self) -> Path:
        return next(self.site.glob("*.dist-info"))


def install(site: Path, patch: Patch, source: bytes, since: str | None) -> Installed:
    sandbox = Installed(site)
    version = since or patch.since
    metadata = f"{patch.distribution}-{version}.dist-info"
    contents = {
        patch.site(since).file: source,
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {patch.distribution}\nVersion: {version}\n".encode(),
    }
    rows = [row(path, content) for path, content in contents.items()]
    contents[f"{metadata}/RECORD"] = "\n".join([*rows, f"{metadata}/RECORD,,", ""]).encode()
    for path, content in contents.items():
        sandbox.write(path, content)
    return sandbox
