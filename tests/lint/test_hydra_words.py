"""Words that Hydra refuses, as Hydra itself says."""

from __future__ import annotations

import pytest
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import OverrideParseException

from tests.facts_of import facts_of
from tests.lint.reading import document
from verl_doctor.lint.hydra_words import refusal
from verl_doctor.lint.rules import hydra_cannot_parse
from verl_doctor.matrix.load import load

MAIN = "python3 -m verl.trainer.main_ppo"


def hydra_takes(word: str) -> bool:
    """Whether Hydra's command line takes a word."""
    try:
        overrides = get_args_parser().parse_args([word]).overrides
        OverridesParser.create().parse_overrides(overrides)
    except (OverrideParseException, SystemExit):
        return False
    return True


@pytest.mark.parametrize(
    "word",
    [
        *("1", "trainer.nnodes", "project", "b.parquet]", "[a.parquet,", " ", ""),
        *("a=[x,", "a=x]", "a={b:1", "a=[x)]", "a=(b", "--trainer.nnodes=1", "-trainer.nnodes=1"),
    ],
)
def test_refused(word: str) -> None:
    assert not hydra_takes(word)
    assert refusal(word) is not None


@pytest.mark.parametrize(
    "word",
    [
        *("a=1", "a=", "+a=1", "++a.b=1", "~a", "~a=1", "a=my project", "a=[x,[y]]", "a='[x'", "a=\\[x", "a=${b.c}"),
        *("a={b:[1,2]}", "a=choice(1,2)", "--config-name=x", "--config-n=x", "-cn=x", "--multirun", "-m"),
    ],
)
def test_taken(word: str) -> None:
    assert hydra_takes(word)
    assert refusal(word) is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("trainer.nnodes= 1", ["1"], id="blank-after-equals"),
        pytest.param("trainer.nnodes 1", ["trainer.nnodes", "1"], id="no-equals"),
        pytest.param("--trainer.nnodes=1", ["--trainer.nnodes=1"], id="dashes"),
        pytest.param(
            "data.train_files=[a.parquet, b.parquet]", ["data.train_files=[a.parquet,", "b.parquet]"], id="list"
        ),
        pytest.param("trainer.project_name=my project", ["project"], id="two-words"),
        pytest.param("'trainer.project_name=my project' 'data.train_files=[a, b]'", [], id="quoted"),
        pytest.param("--config-name ppo_trainer --cfg job trainer.nnodes=1", [], id="options"),
        pytest.param('trainer.nnodes=$N $MORE "$@" > log 2>&1', [], id="not-known"),
    ],
)
def test_found(words: str, expected: list[str]) -> None:
    (launch,) = document(f"cd x\n{MAIN} \\\n  {words}\n").launches
    faults = list(hydra_cannot_parse.ask(launch, facts_of(), load()))
    assert [fault.message.split("'")[1] for fault in faults] == expected
    assert {fault.setting.whole.line for fault in faults} <= {2, 3}


def test_other_programs_take_other_words() -> None:
    (launch,) = document("python3 train.py trainer.nnodes=1 --config x 1\n").launches
    assert list(hydra_cannot_parse.ask(launch, facts_of(), load())) == []


def test_a_word_alone_makes_no_program_one_of_verls() -> None:
    assert document("python3 train.py trainer.nnodes 1\n").launches == ()
    (launch,) = document("python3 train.py trainer.nnodes=1 other 1\n").launches
    assert [setting.kind for setting in launch.settings] == ["verl"]
