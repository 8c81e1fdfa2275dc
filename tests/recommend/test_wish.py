"""What is said to a wish: how it is read, and that no wrong claim of what is written about verl stays unanswered."""

from __future__ import annotations

import pytest

from verl_doctor.errors import UsageError
from verl_doctor.matrix.load import load
from verl_doctor.recommend.wish import answers, clashes, read

MATRIX = load()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({"verl": "0.5.0"}, {"verl": "0.5.0"}, id="a release"),
        pytest.param({"verl": "0.4"}, {"verl": "0.4.1"}, id="a series: the newest"),
        pytest.param({"verl": "0.4.x"}, {"verl": "0.4.1"}, id="a series as people write it"),
        pytest.param({"verl": "0.3.0"}, {"verl": "0.3.0.post1"}, id="a release that has only post-releases"),
        pytest.param({"verl": "0.8"}, {"verl": "0.8.0"}, id="no development release"),
        pytest.param({"verl": "0.8.0.dev0"}, {"verl": "0.8.0.dev0"}, id="unless it is asked for"),
        pytest.param({"verl": "0.99"}, {"verl": "0.99"}, id="an unknown series"),
        pytest.param({"vllm": "0.9.1", "torch": "2.7"}, {"vllm": "0.9.1", "torch": "2.7.0"}, id="what goes together"),
        pytest.param({"vllm": "0.7.3", "torch": "2.6"}, {"vllm": "0.7.3", "torch": "2.6.0"}, id="nothing does"),
    ],
)
def test_read(asked: dict[str, str], expected: dict[str, str]) -> None:
    assert read(asked, MATRIX) == expected


@pytest.mark.parametrize("text", ["newest", "0.5.0.", ">=0.5", ""])
def test_no_version(text: str) -> None:
    with pytest.raises(UsageError, match="that is no version"):
        read({"verl": text}, MATRIX)


CLAIMS = [
    pytest.param({"vllm": "0.7.3"}, ["every vLLM 0.7.x", "in 0.7.3 the world-size check is gone"], id="three edits"),
    pytest.param({"vllm": "0.7.2"}, ["lines 32-37", "1027-1032 in 0.7.2"], id="line numbers"),
    pytest.param(
        {"verl": "0.4", "vllm": "0.7.3", "torch": "2.6"},
        [
            "vLLM 0.7.3 requires torch ==2.5.1; 2.6.0 is not among them",
            "verl 0.4.1 requires ray >=2.41.0, vLLM 0.7.3 requires ray ==2.40.0",
            "verl 0.4.x with vLLM 0.7.3 and torch 2.6",
            "0.8.5.post1 with torch 2.6.0",
        ],
        id="verl 0.4",
    ),
    pytest.param({"verl": "0.4", "vllm": "0.7.3"}, ["verl 0.4.x with vLLM 0.7.3 and torch 2.6"], id="without torch"),
    pytest.param(
        {"verl": "0.5", "vllm": "0.8.5.post1", "torch": "2.7.1"},
        ["vLLM 0.8.5.post1 requires torch ==2.6.0; 2.7.1", "or 0.9.1 with torch 2.7.0"],
        id="verl 0.5",
    ),
    pytest.param(
        {"verl": "0.6", "vllm": "0.10.0", "torch": "2.8.0"},
        ["vLLM 0.10.0 requires torch ==2.7.1; 2.8.0", "verl 0.6.1 goes with vLLM 0.11.0 and torch 2.8.0"],
        id="verl 0.6",
    ),
    pytest.param(
        {"verl": "0.5.0", "tensordict": "0.6.2"},
        ["verl 0.5.0 requires tensordict >=0.8.0", "cures the ForkingPickler error"],
        id="tensordict 0.6.2",
    ),
    pytest.param(
        {"verl": "0.4.1"}, ["enforce_eager=False with free_cache_engine=True", "AssertionError"], id="settings"
    ),
    pytest.param(
        {"verl": "0.7.1", "vllm": "0.9.2"}, ["asynchronous server mode", "data_parallel_size=1"], id="server mode"
    ),
    pytest.param(
        {"verl": "0.9.1", "vllm": "0.12.0"},
        ["verl 0.9.1 accepts vLLM >=0.18.0 in its own code", "pins 0.24.0 with torch 2.11.0"],
        id="the window of verl 0.7",
    ),
]


@pytest.mark.parametrize(("asked", "said"), CLAIMS)
def test_a_wrong_claim_is_answered(asked: dict[str, str], said: list[str]) -> None:
    told = list(answers(read(asked, MATRIX), MATRIX))
    text = "\n".join(answer.text for answer in told)
    assert [words for words in said if words not in text] == []
    assert all(answer.sources for answer in told)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"verl": "0.5.0", "vllm": "0.8.5.post1", "torch": "2.6.0"}, id="verl 0.5"),
        pytest.param({"verl": "0.6.0", "vllm": "0.10.0", "torch": "2.7.1"}, id="verl 0.6"),
        pytest.param({"verl": "0.6.1", "vllm": "0.11.0", "torch": "2.8.0"}, id="verl 0.6.1"),
        pytest.param({"verl": "0.9.1", "vllm": "0.24.0", "torch": "2.11", "tensordict": "0.10.0"}, id="verl 0.9"),
        pytest.param({"torch": "2.8.0"}, id="torch alone"),
        pytest.param({}, id="nothing"),
    ],
)
def test_what_is_right_is_not_answered(asked: dict[str, str]) -> None:
    assert list(answers(read(asked, MATRIX), MATRIX)) == []


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        pytest.param(
            {"verl": "0.99.0"}, "verl 0.99.0 is in no row of the matrix, which ends with 0.9.1.", id="unknown"
        ),
        pytest.param(
            {"verl": "0.8.0", "vllm": "0.16.0"}, "verl 0.8.0 is known to work with vLLM >=0.9.0,<=0.14.0", id="window"
        ),
        pytest.param(
            {"verl": "0.9.0", "vllm": "0.18.0"}, "transformers >=5.5.3,<5.11,!=5.6.0, vLLM 0.18.0", id="disjoint"
        ),
        pytest.param({"verl": "0.6.0", "vllm": "0.11.1"}, "vllm-compilationlevel-renamed", id="a known break"),
    ],
)
def test_other_answers(wish: dict[str, str], said: str) -> None:
    assert said in "\n".join(answer.text for answer in answers(wish, MATRIX))


def test_overlapping_requirements_do_not_clash() -> None:
    assert list(clashes({"vllm": "0.19.1", "verl": "0.9.1"}, MATRIX)) == []
