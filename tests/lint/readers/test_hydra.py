"""Configurations in YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lint.reading import cut, document, values
from verl_doctor.lint.document import Document, Setting
from verl_doctor.lint.read import read

TEXT = """\
# a configuration
defaults:
  - actor
  - _self_
actor_rollout_ref:
  rollout: &rollout
    name: vllm  # the engine
    n: "5"
    mode: ''
    engine_kwargs: {}
    stop: [1, "a"]
    layers:
      - a
      - b
  copy: *rollout
trainer:
  nnodes: 1
  devices: ${trainer.nnodes}
  beside: ${.nnodes}
  above: ${..critic.lr}
  home: ${oc.env:HOME,/root}
  user: ${oc.env:USER}
  made: run-${.nnodes}-${.missing}
  empty:
  text: |
    a
    b
critic: {lr: 1e-5, model: {path: x}}
"""


def setting(found: Document, name: str) -> Setting:
    one = found.launches[0].setting("verl", name)
    assert one is not None
    return one


def test_values() -> None:
    assert values(TEXT, "c.yaml") == {
        "actor_rollout_ref.rollout.name": "vllm",
        "actor_rollout_ref.rollout.n": "5",
        "actor_rollout_ref.rollout.mode": "",
        "actor_rollout_ref.rollout.engine_kwargs": "{}",
        "actor_rollout_ref.rollout.stop": "[1,a]",
        "actor_rollout_ref.rollout.layers": "[a,b]",
        **{
            f"actor_rollout_ref.copy.{name}": value
            for name, value in (
                ("name", "vllm"),
                ("n", "5"),
                ("mode", ""),
                ("engine_kwargs", "{}"),
                ("stop", "[1,a]"),
                ("layers", "[a,b]"),
            )
        },
        "trainer.nnodes": "1",
        "trainer.devices": "1",
        "trainer.beside": "1",
        "trainer.above": "1e-5",
        "trainer.home": "/root",
        "trainer.user": None,
        "trainer.made": None,
        "trainer.empty": "null",
        "trainer.text": "a\nb\n",
        "critic.lr": "1e-5",
        "critic.model.path": "x",
    }


@pytest.mark.parametrize(
    ("name", "literal", "whole"),
    [
        ("actor_rollout_ref.rollout.name", "vllm", "    name: vllm  # the engine\n"),
        ("actor_rollout_ref.rollout.n", "5", '    n: "5"\n'),
        ("actor_rollout_ref.rollout.stop", '[1, "a"]', '    stop: [1, "a"]\n'),
        ("actor_rollout_ref.rollout.layers", None, "    layers:\n      - a\n      - b\n"),
        ("actor_rollout_ref.copy.name", None, ""),
        ("trainer.devices", None, "  devices: ${trainer.nnodes}\n"),
        ("trainer.text", None, "  text: |\n    a\n    b\n"),
        ("critic.lr", "1e-5", "lr: 1e-5, "),
        ("critic.model.path", "x", ", model: {path: x}"),
    ],
)
def test_places(name: str, literal: str | None, whole: str) -> None:
    found = document(TEXT, "c.yaml")
    one = setting(found, name)
    assert (None if one.literal is None else cut(found, one, "literal")) == literal
    assert cut(found, one) == whole


def test_windows_line_ends_and_letters_beyond_ascii() -> None:
    text = "# \u4e2d\u6587\ntrainer:\n  nnodes: 2\n  name: \u00e9\ndata:\n  x: 1\n".replace("\n", "\r\n")
    for encoded in (text.encode(), b"\xef\xbb\xbf" + text.encode()):
        found = document(encoded, "c.yaml")
        assert cut(found, setting(found, "trainer.nnodes"), "literal") == "2"
        assert cut(found, setting(found, "trainer.nnodes")) == "  nnodes: 2\r\n"
        assert cut(found, setting(found, "trainer.name"), "literal") == "\u00e9"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("# @package actor_rollout_ref.rollout\nn: 1\n", "actor_rollout_ref.rollout.n", id="package"),
        pytest.param("# @package _global_\ntrainer:\n  n: 1\n", "trainer.n", id="global"),
        pytest.param("_target_: verl.workers.X\nn: 1\n", "actor_rollout_ref.actor.n", id="by-its-folder"),
    ],
)
def test_parts(text: str, name: str) -> None:
    found = read(Path("config/actor/part.yaml"), text.encode())
    assert found is not None
    assert setting(found, name).value == "1"


def test_a_key_twice_and_merged_values() -> None:
    text = "base: &b {n: 1, m: 1}\ntrainer:\n  <<: *b\n  n: 2\n  n: 3\ndata: {}\n"
    found = document(text, "c.yaml")
    assert [each.value for each in found.launches[0].settings if each.name == "trainer.n"] == ["1", "2", "3"]
    assert setting(found, "trainer.m").literal is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("trainer: [1\n", id="bracket"),
        pytest.param("a: b: c\n", id="two-colons"),
        pytest.param("trainer:\n\t- x\n", id="tab"),
        pytest.param("trainer: *nobody\n", id="alias"),
        pytest.param("trainer: \x01\n", id="control"),
    ],
)
def test_broken(text: str) -> None:
    found = document(text, "c.yaml")
    assert (found.launches, len(found.unread)) == ((), 1)


def test_aliases_that_multiply() -> None:
    levels = "".join(f"a{i}: &a{i} {{x: *a{i - 1}, y: *a{i - 1}}}\n" for i in range(1, 40))
    assert document(f"a0: &a0 {{z: 1}}\n{levels}trainer: *a39\ndata: 1\n", "c.yaml").launches


def test_other_yaml_is_none_of_verls_business() -> None:
    assert read(Path("c.yaml"), b"services:\n  db: x\n") is None
