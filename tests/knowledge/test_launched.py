"""`launch` of a known failure: what can be judged, and what is refused."""

from __future__ import annotations

import pytest

from verl_doctor.errors import DataError
from verl_doctor.explain import words
from verl_doctor.knowledge.launched import Case, Wanted, cases, read
from verl_doctor.matrix.strict_yaml import row


def launch(text: str) -> tuple[str | Case, ...]:
    fields = row(f"launch:\n{text}", "some.yaml")
    return read(fields["launch"], fields.place)


@pytest.mark.parametrize(
    ("stated", "value", "expected"),
    [
        ("False", "false", True),
        ("False", "'False'", False),
        ("False", "True", False),
        ("fsdp2 or megatron", "megatron", True),
        ("fsdp2 or megatron", "fsdp", False),
        ("8", "8.0", True),
        (">1", "2", True),
        (">1", "1", False),
        (">1", "True", False),
        (">1", "many", False),
        ("<=0.5", "0.5", True),
        ("set", "null", False),
        ("set", "[1,2]", True),
    ],
)
def test_values(stated: str, value: str, *, expected: bool) -> None:
    assert Wanted(stated).holds(value) is expected


def test_texts_and_cases_stand_side_by_side() -> None:
    entries = launch(
        "  - A=1\n"
        '  - settings: {a.b: ">1", c: set, d: "x"}\n'
        "    rollout: vllm\n"
        '    where: {verl: "<0.5"}\n'
        '    fix: {c: ""}\n'
        '  - unless: {e: "1"}\n'
    )
    first, second = cases(entries)
    assert entries[0] == "A=1"
    assert (first.only_vllm, first.spares, first.fix) == (True, False, (("c", ""),))
    assert (second.only_vllm, second.spares, second.fix) == (False, True, ())
    assert tuple(map(words.launch, entries)) == ("A=1", "a.b>1 c d=x  # where verl is before 0.5", "not with e=1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('  - settings: {a: "1"}\n    unless: {b: "1"}\n', "either `settings` or `unless`"),
        ("  - rollout: vllm\n", "either `settings` or `unless`"),
        ('  - settings: {a: "1"}\n    rollout: sglang\n', "'rollout' can hold vllm only"),
        ('  - settings: {a: ""}\n', "must be compared with something"),
        ('  - settings: {a: "1"}\n    when: {verl: "<1"}\n', "'when' is not one of"),
        ("  - [a]\n", "must hold texts and mappings"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        launch(text)
