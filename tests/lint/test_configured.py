"""What a launch starts from, and the values that keys have in the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.lint.lines import PPO, launch_of
from tests.lint.reading import document
from verl_doctor.facts.stated import stated
from verl_doctor.lint.configured import Value, certain, configured, count, module, trains, uses_vllm, value
from verl_doctor.lint.judge import all_rules, judge
from verl_doctor.lint.versions import released
from verl_doctor.matrix.load import load
from verl_doctor.model import Unavailable
from verl_doctor.settings import values

N = "actor_rollout_ref.rollout.n"
FACTS = stated({"verl": "0.5.0"}, "told")


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("verl.trainer.main_ppo", "verl.trainer.main_ppo"),
        ("verl/trainer/main_ppo.py", "verl.trainer.main_ppo"),
        ("/opt/verl/verl/trainer/main_ppo.py", "verl.trainer.main_ppo"),
        ("recipe/dapo/main_dapo.py", "recipe.dapo.main_dapo"),
        ("", None),
        (None, None),
    ],
)
def test_module(program: str | None, expected: str | None) -> None:
    assert module(launch_of("", program)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("1", False)),
        (f"{N}=8\n", ("8", True)),
        (f"{N}=8\n{N}=4\n", ("4", True)),
        (f"{N}=$N\n", None),
        (f"~{N}=1\n", None),
        ("actor_rollout_ref.rollout={n: 8}\n", None),
    ],
)
def test_value(text: str, expected: tuple[str, bool] | None) -> None:
    found = value(launch_of(text), FACTS, N)
    assert (found and (found.text, found.setting is not None)) == expected


@pytest.mark.parametrize("key", ["no.such.key", "data.val_files.x", "actor_rollout_ref.rollout.prompt_length"])
def test_no_default(key: str) -> None:
    assert value(launch_of(""), FACTS, key) is None


def test_a_default_is_assumed_where_more_may_come() -> None:
    launch = launch_of("", takes_more=True)
    assert value(launch, FACTS, N) == Value(text="1", setting=None, assumed=True)
    assert certain(launch, FACTS, N) is None
    assert count(launch_of(""), FACTS, N) == 1
    assert count(launch_of(f"{N}=two\n"), FACTS, N) is None
    assert count(launch_of(f"{N}=1.5\n"), FACTS, N) is None


def test_a_part_that_is_chosen_leaves_what_all_have() -> None:
    newest = stated({"verl": "0.8.0"}, "told")
    strategy = "actor_rollout_ref.actor.strategy"
    chosen = launch_of("model_engine=megatron\n")
    assert value(launch_of(""), newest, strategy) == Value(text="fsdp", setting=None)
    assert value(chosen, newest, strategy) is None
    assert value(chosen, newest, N) == Value(text="1", setting=None)


def test_a_checkout_may_be_anything() -> None:
    assert not isinstance(FACTS.packages, Unavailable)
    verl = FACTS.packages["verl"]
    for distribution in (
        replace(verl, editable="/src/verl"),
        replace(verl, commit="abc"),
        replace(verl, broken="no METADATA"),
    ):
        facts = replace(FACTS, packages={"verl": distribution})
        assert released(facts, "verl") is None
        assert configured(launch_of(""), facts) is None
    assert released(FACTS, "vllm") is None
    assert released(replace(FACTS, packages=Unavailable("no")), "verl") is None


@pytest.mark.parametrize(
    ("program", "text", "expected"),
    [
        (PPO, "", True),
        (None, "", True),
        ("verl.trainer.main_generation", "", True),
        ("verl.trainer.sft_trainer", "", False),
        ("recipe.own.main", f"{N}=2\n", True),
        ("recipe.own.main", "", False),
    ],
)
def test_what_trains(program: str | None, text: str, *, expected: bool) -> None:
    assert trains(launch_of(text, program)) is expected


@pytest.mark.parametrize(
    ("name", "expected"), [("vllm", True), ("'vllm'", True), ("sglang", False), ("$ENGINE", False)]
)
def test_engine(name: str, *, expected: bool) -> None:
    assert uses_vllm(launch_of(f"actor_rollout_ref.rollout.name={name}\n")) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("True", True), ("false", False), ("null", None), ("0.60", 0.6), ("1e-6", 1e-6), ("8", 8), ("1_000", 1000)),
        *(("'8'", "8"), ("vllm", "vllm"), ("e", "e"), ("", ""), ("-1", -1)),
    ],
)
def test_values_as_hydra_reads_them(text: str, expected: values.Plain) -> None:
    assert values.plain(text) == expected
    assert type(values.plain(text)) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e5", "e5"),
        ("1_", "1_"),
        ("1__0", "1__0"),
        ("_1", "_1"),
        (".", "."),
        ("\N{SUPERSCRIPT TWO}", "\N{SUPERSCRIPT TWO}"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "\N{ARABIC-INDIC DIGIT ONE}"),
        ("9" * 5000, "9" * 5000),
        ("1_000", 1000),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1e999", float("inf")),
    ],
)
def test_numbers(text: str, expected: object) -> None:
    assert values.plain(text) == expected


@pytest.mark.parametrize("text", ["e5", "1_", "1__0", "1e999", "-1e999", "\N{SUPERSCRIPT TWO}", "9" * 5000, "nan"])
def test_no_rule_breaks_on_a_value(text: str) -> None:
    actor, rollout = "actor_rollout_ref.actor", "actor_rollout_ref.rollout"
    keys = [
        "trainer.n_gpus_per_node",
        "trainer.nnodes",
        "data.train_batch_size",
        f"{actor}.ppo_mini_batch_size",
        f"{actor}.ppo_micro_batch_size_per_gpu",
        f"{actor}.ulysses_sequence_parallel_size",
        f"{rollout}.tensor_model_parallel_size",
        f"{rollout}.data_parallel_size",
        f"{rollout}.gpu_memory_utilization",
        f"{rollout}.max_num_batched_tokens",
        f"{rollout}.n",
    ]
    facts = stated({"verl": "0.7.0", "vllm": "0.12.0"}, "told")
    for odd in keys:
        script = " ".join(["python3 -m verl.trainer.main_ppo", *(f"{key}={text if key == odd else 8}" for key in keys)])
        assert judge(document(script), facts, load(), all_rules()).crashed == (), odd
