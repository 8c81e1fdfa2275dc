"""The tables of what each release of verl and vLLM understands."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import pytest

from tools import verl_settings, vllm_settings, write_settings
from verl_doctor.matrix.load import load as load_matrix
from verl_doctor.settings import keys, names, spans
from verl_doctor.settings.renames import other_name, renames

ROLLOUT = "actor_rollout_ref.rollout"


def test_keys_of_a_release() -> None:
    known = keys.configurations("0.4.1")
    assert known is not None
    assert {"ppo_trainer", "ppo_megatron_trainer", "sft_trainer", "generation"} <= known.keys()
    assert known["ppo_trainer"][f"{ROLLOUT}.enforce_eager"] is True
    assert known["ppo_trainer"][f"{ROLLOUT}.engine_kwargs"] == keys.MAPPING
    newer = keys.configurations("0.6.0")
    assert newer is not None
    assert newer["ppo_trainer"][f"{ROLLOUT}.name"] == keys.MISSING
    assert newer["ppo_trainer"][f"{ROLLOUT}.enforce_eager"] is False


@pytest.mark.parametrize("version", ["0.1", "0.5.0.dev1", "99.0", "not a version"])
def test_other_versions_are_not_known(version: str) -> None:
    assert keys.configurations(version) is None
    assert names.known("engine", version) is None


def test_a_local_tag_is_the_release() -> None:
    assert names.known("variables", "0.9.1+cu128") == names.known("variables", "0.9.1")
    assert keys.configurations("0.4.1+own") is not None


def test_every_release_of_the_matrix_is_in_the_tables() -> None:
    matrix = load_matrix()
    assert all(names.known("engine", version) for version in matrix.releases("vllm"))
    stable = [version for version in matrix.releases("verl") if not version.startswith("0.1") and "dev" not in version]
    assert all(keys.configurations(version) for version in stable)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (f"{ROLLOUT}.enable_prefix_caching", "verl 0.6.0 and newer"),
        ("actor_rollout_ref.actor.fsdp_config.grad_offload", "verl 0.2.0.post2 and older"),
        ("ray_init.num_cpus", "verl 0.4.0 to 0.5.0"),
        ("algorithm.rollout_is_level", "verl 0.6.0"),
        (f"{ROLLOUT}.n", "verl every release"),
        ("no.such.key", None),
    ],
)
def test_who_knows_a_key(key: str, expected: str | None) -> None:
    assert keys.known_by(key) == expected


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("variables", "VLLM_USE_V1", "vLLM 0.6.4 to 0.11.0"),
        ("variables", "VLLM_ATTENTION_BACKEND", "vLLM 0.14.1 and older"),
        ("engine", "num_scheduler_steps", "vLLM 0.10.0 and older"),
        ("engine", "disable_mm_preprocessor_cache", "vLLM 0.6.6 to 0.12.0"),
        ("options", "no-such-option", None),
    ],
)
def test_who_knows_a_name(kind: names.Kind, name: str, expected: str | None) -> None:
    assert names.known_by(kind, name) == expected


def test_spans_in_words() -> None:
    releases = ["1", "2", "3", "4", "5"]
    assert spans.said("x", releases, [(0, 0), (2, 2), (4, 4)]) == "x 1 and older, 3, 5 and newer"
    assert spans.merged([[3, 4], [0, 1], [2, 2]]) == [(0, 4)]
    assert spans.number(releases, "2.0") == 1


def test_renames_lead_from_keys_to_keys() -> None:
    for old, rename in renames().items():
        assert keys.known_by(old), old
        assert keys.known_by(rename.new), rename.new
        assert rename.same or rename.note or rename.new
    back = other_name("trainer.log_val_generations")
    assert back is not None
    assert back.new == "trainer.val_generations_to_log_to_wandb"
    assert other_name("trainer.nnodes") is None


def test_a_configuration_is_composed_with_its_parts() -> None:
    files = {
        "verl/trainer/config/ppo_trainer.yaml": b"defaults:\n  - actor@a.actor: dp\n  - _self_\nb: 1\n",
        "verl/trainer/config/actor/dp.yaml": b"lr: 2\nlist: [1]\nrest: {}\nopen: null\n",
        "verl/trainer/config/_generated_ppo_trainer.yaml": b"c: 1\n",
        "verl/experimental/own/config/own_trainer.yaml": b"defaults:\n  - ppo_trainer\n  - _self_\nd: ???\n",
    }
    found = verl_settings.composed(files)
    parts = {
        "a": "{}",
        "a.actor": "{}",
        "a.actor.lr": 2,
        "a.actor.list": [1],
        "a.actor.rest": "{}",
        "a.actor.open": None,
    }
    assert found == {"ppo_trainer": parts | {"b": 1}, "own_trainer": parts | {"b": 1, "d": "???"}}


def test_names_are_read_from_sources() -> None:
    files = {
        "vllm/engine/arg_utils.py": (
            b"class EngineArgs:\n    model: str = ''\n    swap_space: int = 4\n    def add(self, p):\n"
            b"        p.add_argument('--model', '-m')\n        p.add_argument('--odd_name')\n"
            b"class AsyncEngineArgs(EngineArgs):\n    quiet: bool = False\n"
        ),
        "vllm/entrypoints/openai/cli_args.py": b"class FrontendArgs:\n    host: str = ''\n",
        "vllm/envs.py": b"A = 'VLLM_ONE'\nB = 'MY_VLLM_TWO'\nC = VLLM_THREE_\n",
    }
    told = vllm_settings.told(files)
    assert told.engine == {"model", "swap_space", "quiet"}
    assert told.options == {"odd-name", "host"}
    assert told.variables == {"VLLM_ONE"}


def test_rows_are_ranges() -> None:
    read: dict[str, dict[str, dict[str, Any]]] = {
        "1": {"a": {"k": 1}},
        "2": {"a": {"k": 1}, "b": {"k": 1}},
        "3": {"a": {"k": "x" * 99}},
    }
    sets, rows = write_settings.keys(read, ["a", "b"])
    assert [(row[0], row[1], sets[row[2]], row[3]) for row in rows["k"]] == [
        (0, 0, [0], 1),
        (1, 1, [0, 1], 1),
        (2, 2, [0], "..."),
    ]
    assert write_settings.names({"1": ["x"], "2": [], "3": ["x", "y"]}) == {"x": [[0, 0], [2, 2]], "y": [[2, 2]]}


@pytest.mark.real
@pytest.mark.parametrize("version", ["0.4.1", "0.7.1"])
def test_a_release_of_verl_has_these_keys(version: str) -> None:
    from verl_doctor.releases.index import Index, UnreachableError

    try:
        with closing(Index(os.environ)) as index:
            read = verl_settings.read(index, version)
    except UnreachableError as error:
        pytest.skip(str(error))
    known = keys.configurations(version)
    assert known is not None
    assert {name: set(each) for name, each in read.items()} == {name: set(each) for name, each in known.items()}
    for name, each in read.items():
        scalars = {key: value for key, value in each.items() if not isinstance(value, list | str)}
        assert {key: known[name][key] for key in scalars} == scalars


@pytest.mark.real
def test_a_release_of_vllm_understands_these_names() -> None:
    from verl_doctor.releases.index import Index, UnreachableError

    try:
        with closing(Index(os.environ)) as index:
            read = vllm_settings.read(index, "0.11.0")
    except UnreachableError as error:
        pytest.skip(str(error))
    assert (read.engine, read.options, read.variables) == tuple(
        names.known(kind, "0.11.0") for kind in ("engine", "options", "variables")
    )
