"""What makes a knowledge file good, and the one sentence for what does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.facts_of import facts_of
from tests.matrix.small import matrix_of
from verl_doctor import knowledge
from verl_doctor.errors import DataError
from verl_doctor.knowledge.failure import Failure
from verl_doctor.knowledge.load import FOLDER, failures
from verl_doctor.matrix.load import load as load_matrix
from verl_doctor.matrix.strict_yaml import Part, parts, read
from verl_doctor.model import Layer, Severity

ENTRY = """\
first-failure:
  id: VD901
  severity: error
  layer: engine
  when: {vllm: "<1"}
  title: It does not work
  signature: ["cannot work: \\\\d+"]
  cause: Because.
  cure:
    - {text: Do it., commands: ["{install} {pins}"], pins: {vllm: "1.0"}}
  sources: [told]
"""


def load_text(text: str, file: str = "some.yaml") -> tuple[Failure, ...]:
    return failures([(file, text)], matrix_of())


def test_an_entry() -> None:
    (failure,) = load_text(ENTRY)
    assert (failure.id, failure.name) == ("VD901", "first-failure")
    assert (failure.severity, failure.layer, failure.asks) == (Severity.ERROR, Layer.ENGINE, True)
    assert failure.texts.title == "It does not work"
    assert failure.texts.signature[0].search("cannot work: 7")
    assert failure.texts is failure.texts


def test_a_failure_that_only_a_log_shows_asks_nothing() -> None:
    quiet = ENTRY.replace("first-failure", "log-only").replace("VD901", "VD902").replace('  when: {vllm: "<1"}\n', "")
    found = {failure.name: failure.asks for failure in load_text(ENTRY + quiet)}
    assert found == {"first-failure": True, "log-only": False}


def test_a_failure_within_bounds_asks_nothing_and_is_ruled_out_by_facts() -> None:
    bounded = ENTRY.replace("first-failure", "bounded").replace("VD901", "VD902").replace("  when:", "  within:")
    failure = {failure.name: failure for failure in load_text(ENTRY + bounded)}["bounded"]
    assert not failure.asks
    assert failure.is_possible(facts_of({"vllm": "0.9"}))
    assert failure.is_possible(facts_of({"vllm": "main"}))
    assert not failure.is_possible(facts_of({"vllm": "1.0"}))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "severity: error",
            "severity: fatal",
            "some.yaml:2: the severity 'fatal' is not one of error, warning, info.",
            id="severity",
        ),
        pytest.param(
            "layer: engine",
            "layer: kernel",
            "some.yaml:2: the layer 'kernel' is not one of interpreter, installation, torch, engine, trainer, "
            "companion, patch, driver, gpu, node.",
            id="layer",
        ),
        pytest.param("  id: VD901\n", "", "some.yaml:2: the key 'id' must hold a text.", id="no id"),
        pytest.param(
            '{vllm: "<1"}',
            '{vllm: "about 1"}',
            "some.yaml:5: the key 'vllm' holds no version specifier: 'about 1'.",
            id="specifier",
        ),
        pytest.param(
            '{vllm: "<1"}',
            "{vllm: 2.10}",
            "some.yaml:5: the key 'vllm' holds 2.10, which YAML takes for a float; quote it.",
            id="unquoted",
        ),
        pytest.param('{vllm: "<1"}', "{}", "some.yaml:5: the condition is empty.", id="empty condition"),
        pytest.param(
            '{vllm: "<1"}',
            "{missing: make}",
            "some.yaml:5: the key 'missing' holds 'make', which is none of cc, python-headers, cumem-allocator.",
            id="an unknown tool",
        ),
        pytest.param(
            '{vllm: "<1"}',
            '{limit: {shm: "10 GB"}}',
            'some.yaml:5: a limit reads as shm: "<10 GiB", open-files: "<65536" or processes: "<16384".',
            id="limit",
        ),
        pytest.param(
            '{vllm: "<1"}',
            '{gpu-free: "half"}',
            "some.yaml:5: the key 'gpu-free' reads as \"<50%\".",
            id="share",
        ),
        pytest.param(
            "  when:",
            "  where:",
            "some.yaml:2: the key 'where' is not one of id, layer, prevents, severity, when, within.",
            id="unknown key",
        ),
        pytest.param(
            "  title: It does not work\n",
            "",
            "some.yaml: the entry 'first-failure' must be a mapping in which `title` follows the conditions.",
            id="no title",
        ),
        pytest.param(
            "first-failure:",
            "other-failure:",
            "The matrix has a break 'first-failure', of which verl_doctor/knowledge knows nothing.",
            id="a break without an entry",
        ),
        pytest.param(
            "  severity: error\n",
            "  severity: error\n  severity: error\n",
            "some.yaml:4: the key 'severity' is there twice.",
            id="duplicate key",
        ),
    ],
)
def test_refuses(old: str, new: str, message: str) -> None:
    assert old in ENTRY
    with pytest.raises(DataError) as caught:
        load_text(ENTRY.replace(old, new))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "  sources: [told]\n", "", "some.yaml:6: the entry names no source.", id="an entry without a source"
        ),
        pytest.param(
            '"cannot work: \\\\d+"',
            '"cannot (work"',
            "some.yaml:6: 'cannot (work' under 'signature' is no regular expression: missing ), unterminated "
            "subpattern at position 7.",
            id="a bad signature",
        ),
        pytest.param(
            "  cause: Because.\n",
            '  cause: Because.\n  frames: ["vllm["]\n',
            "some.yaml:6: 'vllm[' under 'frames' is no regular expression: unterminated character set at position 4.",
            id="a bad frame",
        ),
        pytest.param(
            "cause: Because.",
            "case: Because.",
            "some.yaml:6: the key 'case' is not one of alone, cause, cure, follows, frames, launch, signature, "
            "sources, title.",
            id="an unknown key",
        ),
    ],
)
def test_refuses_texts_when_they_are_read(old: str, new: str, message: str) -> None:
    assert old in ENTRY
    (failure,) = load_text(ENTRY.replace(old, new))
    with pytest.raises(DataError) as caught:
        _ = failure.texts
    assert str(caught.value) == message


FOLLOWER = ENTRY.replace("first-failure", "follower").replace("VD901", "VD902")


@pytest.mark.parametrize(
    ("follows", "names"),
    [
        pytest.param("any", ("any",), id="any"),
        pytest.param("[first-failure]", ("first-failure",), id="one"),
        pytest.param("\n    - first-failure", ("first-failure",), id="a list over lines"),
    ],
)
def test_a_failure_follows_others(follows: str, names: tuple[str, ...]) -> None:
    text = ENTRY + FOLLOWER.replace("  cause:", f"  follows: {follows}\n  cause:")
    assert {failure.name: failure.texts.follows for failure in load_text(text)} == {
        "first-failure": (),
        "follower": names,
    }


@pytest.mark.parametrize("name", ["nothing", "follower"])
def test_refuses_to_follow_what_is_no_other_failure(name: str) -> None:
    with pytest.raises(DataError) as caught:
        load_text(ENTRY + FOLLOWER.replace("  cause:", f"  follows: [first-failure, {name}]\n  cause:"))
    assert str(caught.value) == f"some.yaml:19: 'follower' follows {name!r}, which is no other known failure."


def test_no_two_failures_follow_each_other() -> None:
    follows = {failure.name: failure.texts.follows for failure in knowledge.load()}
    assert [
        (name, cause) for name, causes in follows.items() for cause in causes if name in follows.get(cause, ())
    ] == []
    assert {"nccl-timeout-rank-died", "worker-died"} == {name for name, causes in follows.items() if causes == ("any",)}


FRAMED = ENTRY.replace("  cause:", '  alone: ["speaks for itself"]\n  frames: ["/vllm/worker", "^generate$"]\n  cause:')
ELSEWHERE = 'Traceback (most recent call last):\n  File "/site/verl/main.py", line 7, in main\nError: '


@pytest.mark.parametrize(
    ("said", "is_in"),
    [
        pytest.param(f"{ELSEWHERE}cannot work: 7", False, id="another frame"),
        pytest.param("Error: cannot work: 7", False, id="no frame"),
        pytest.param("see /vllm/worker: cannot work: 7", False, id="a path that is no frame"),
        pytest.param(f'  File "/a/vllm/worker.py", line 7, in x\n{ELSEWHERE}cannot work: 7', True, id="a file"),
        pytest.param(f'  File "/a/b.py", line 7, in generate\n{ELSEWHERE}cannot work: 7', True, id="a function"),
        pytest.param('  File "/a/vllm/worker.py", line 7, in x\nError: something else', False, id="another message"),
        pytest.param("Error: it speaks for itself", True, id="alone"),
    ],
)
def test_a_signature_counts_in_its_frames(said: str, is_in: bool) -> None:
    (failure,) = load_text(FRAMED)
    assert failure.texts.is_in(said) is is_in
    assert [pattern.pattern for pattern in failure.texts.alone] == ["speaks for itself"]


def test_the_frames_may_stand_apart() -> None:
    (failure,) = load_text(FRAMED)
    assert failure.texts.is_in("cannot work: 7", '  File "/a/vllm/worker.py", line 7, in x')
    assert not failure.texts.is_in('cannot work: 7\n  File "/a/vllm/worker.py", line 7, in x', "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("x", "x"), "a.yaml:12: the key 'first-failure' is there twice."),
        (("first-failure", "second-failure"), "a.yaml and a.yaml: the id 'VD901' is there twice."),
        (("VD901", "VD902"), "a.yaml:12: the key 'first-failure' is there twice."),
    ],
    ids=["same entry", "same id", "same name"],
)
def test_refuses_twins_in_a_file(change: tuple[str, str], message: str) -> None:
    with pytest.raises(DataError) as caught:
        load_text(ENTRY + ENTRY.replace(*change), "a.yaml")
    assert str(caught.value) == message


def test_refuses_twins_in_two_files() -> None:
    with pytest.raises(DataError) as caught:
        failures([("a.yaml", ENTRY), ("b.yaml", ENTRY.replace("VD901", "VD902"))], matrix_of())
    assert str(caught.value) == "a.yaml and b.yaml: the name 'first-failure' is there twice."


def test_ids_and_names_are_well_formed() -> None:
    for failure in knowledge.load():
        assert re.fullmatch(r"VD[1-57]\d\d|VDP\d\d\d", failure.id)
        of_a_check = re.fullmatch("VD2[0-2]\\d", failure.id)
        assert of_a_check is None, "these belong to the checks in Python"
        assert re.fullmatch(r"[a-z0-9][a-z0-9.-]+", failure.name)


@pytest.mark.parametrize("failure", knowledge.load(), ids=lambda failure: failure.name)
def test_texts_are_complete(failure: Failure) -> None:
    texts = failure.texts
    assert not texts.title.endswith(".")
    assert texts.cause.endswith(".")
    assert texts.cures
    assert not texts.cures[-1].when
    assert not texts.cures[-1].stack, "the last cure must fit always"
    assert all(cure.text.endswith(".") for cure in texts.cures)
    assert all(load_matrix().has_source(name) for name in texts.sources)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_texts_are_cut_off_where_the_entry_ends(path: Path) -> None:
    whole = read(path.read_text("utf-8"), path.name)
    assert list(parts(Part(text=path.read_text("utf-8"), file=path.name, before=0))) == list(whole)
    by_name = {failure.name: failure for failure in knowledge.load()}
    for name, entry in whole.items():
        assert by_name[name].texts.cause == entry["cause"]
        assert len(by_name[name].texts.cures) == len(entry["cure"])


def test_every_source_of_the_matrix_serves_a_row() -> None:
    matrix = load_matrix()
    text = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.yaml"))
    rows = Path(__file__).parents[2].joinpath("compat_matrix.yaml").read_text("utf-8").partition("\ngates:")[2]
    ids = parts(parts(Part(text=_matrix_text(), file="m", before=0))["sources"], 2)
    assert matrix.has_source("verl-metadata")
    unused = [name for name in ids if not re.search(rf"[\[ ]{re.escape(name)}[\],}}\n]", text + rows)]
    assert unused == []


def _matrix_text() -> str:
    return Path(__file__).parents[2].joinpath("compat_matrix.yaml").read_text("utf-8")
