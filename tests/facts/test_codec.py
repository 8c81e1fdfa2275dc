"""Facts as JSON and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.binaries_of import linked, missing, with_binaries
from tests.facts_of import distribution, facts_of
from verl_doctor.errors import DataError
from verl_doctor.facts.broken_patches import Broken
from verl_doctor.facts.codec import document, parse
from verl_doctor.facts.packages import Copy
from verl_doctor.facts.snapshot import NOT_RECORDED, Facts
from verl_doctor.model import Unavailable

VLLM = distribution("vllm", "0.11.0", requires=("torch==2.8.0",))


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(facts_of(), id="plain"),
        pytest.param(facts_of({"torch": "2.8.0", "vllm": VLLM}), id="packages"),
        pytest.param(
            facts_of({"six": distribution("six", "1.0", copies=(Copy(version="2", location="/a", metadata="b"),))}),
            id="copies",
        ),
        pytest.param(
            with_binaries(
                {"vllm": "0.7.2"},
                "2.13.0",
                {
                    "vllm": linked(
                        "torch==2.5.1", _C=missing(absent=("libx.so",), cuda="12"), bad=Unavailable("cut short")
                    )
                },
            ),
            id="binaries",
        ),
        pytest.param(facts_of(binaries=Unavailable("no torch")), id="binaries-unavailable"),
        pytest.param(
            facts_of(broken_patches=(Broken(origin="acme.rewards (acme-patches)", reason="it has no PATCH"),)),
            id="broken-patches",
        ),
        pytest.param(facts_of(gpus=Unavailable("hung"), driver=Unavailable("hung"), packages=None), id="unavailable"),
    ],
)
def test_round_trip(facts: Facts) -> None:
    assert parse(json.dumps(document(facts)).encode(), "facts.json") == facts


def test_facts_of_before_binaries_were_read() -> None:
    old = {name: value for name, value in document(facts_of()).items() if name != "binaries"}
    assert isinstance(parse(json.dumps(old).encode(), "facts.json").binaries, Unavailable)


def changed(**fields: Any) -> bytes:
    return json.dumps({**document(facts_of()), **fields}).encode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(b"{", "facts.json is not JSON", id="not-json"),
        pytest.param(b"\xff\xfe", "facts.json is not JSON", id="not-text"),
        pytest.param(b"[" * 200_000, "facts.json holds no facts: its JSON is nested too deeply", id="nested"),
        pytest.param(b"[]", "facts.json holds no facts", id="a-list"),
        pytest.param(b"{}", "facts.json holds no facts", id="something-else"),
        pytest.param(changed(schema_version="2"), "facts of schema version '2'", id="other-version"),
        pytest.param(changed(schema_version=1), "facts of schema version 1;", id="version-as-number"),
        pytest.param(changed(python="3.12"), r"do not fit the schema: .*python", id="wrong-type"),
        pytest.param(changed(gpus="x"), r"do not fit the schema: .*gpus", id="text-for-list"),
        pytest.param(changed(python={"version": 3.12}), r"do not fit the schema: .*python", id="number-for-text"),
    ],
)
def test_refused(text: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse(text, "facts.json")


def test_facts_from_before_broken_patches_were_collected() -> None:
    earlier = document(facts_of())
    del earlier["broken_patches"]
    assert parse(json.dumps(earlier).encode(), "facts.json").broken_patches == NOT_RECORDED


def test_a_missing_field_is_named() -> None:
    whole = document(facts_of())
    del whole["driver"]
    with pytest.raises(DataError, match="driver"):
        parse(json.dumps(whole).encode(), "facts.json")
