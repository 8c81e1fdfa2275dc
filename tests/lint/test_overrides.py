"""What Hydra refuses: compared with Hydra itself, override by override."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException

from tests.lint.lines import launch_of
from tools import verl_settings
from verl_doctor.lint.configured import Configured
from verl_doctor.lint.open_parts import is_open
from verl_doctor.lint.overrides import refused

BASE = """\
data:
  files: a
  null_node: null
  empty: {}
  full: {k: 1, sub: {x: 2}}
  list: [1, 2]
  missing: ???
  behind: ${data.full}
engine_kwargs:
  vllm: {swap_space: null}
"""
OVERRIDES = [
    "data.foo=1",
    "+data.files=b",
    "++data.files=b",
    "+data.foo=1",
    "++data.foo=1",
    "data.files=b",
    "data.null_node.k=v",
    "+data.null_node.k=v",
    "+data.null_node=1",
    "data.empty.k=v",
    "+data.empty.k=v",
    "+data.empty=3",
    "+data.full={z: 2}",
    "data.full={k: 2}",
    "+data.full=3",
    "+data.list=[3]",
    "+data.list=3",
    "+data.files=[1]",
    "data.files.k=v",
    "+data.files.k=v",
    "~data.files=a",
    "~data.foo=1",
    "data.list.0=3",
    "+data.new.a=1\n+data.new.b=2\ndata.new.a=5",
    "data.missing=1",
    "+data.missing=1",
    "data.missing.k=1",
    "foo=1",
    "+foo=1",
    "+foo.bar=1",
    "foo.bar=1",
    "data.files=a\ndata.files=b",
    "data.files=a\n+data.files=b",
    "engine_kwargs.vllm.swap_space=1",
    "engine_kwargs.vllm.max_num_seqs=1",
]


@pytest.fixture(autouse=True)
def _fresh_hydra() -> Iterator[None]:
    yield
    GlobalHydra.instance().clear()


@pytest.mark.parametrize("overrides", OVERRIDES)
def test_as_hydra_says(overrides: str, tmp_path: Path) -> None:
    (keys,) = verl_settings.composed({"verl/trainer/config/base.yaml": BASE.encode()}).values()
    start = Configured(release="0", possible=(keys,), likely=(keys,))
    ours = next(refused(launch_of(overrides).settings, start), None)
    (tmp_path / "base.yaml").write_text(BASE)
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(tmp_path), version_base=None):
        try:
            compose("base", overrides=overrides.splitlines())
            hydras = ""
        except HydraException as error:
            hydras = str(error)
    whys = {"not there": ("Could not override", "Could not delete"), "there already": ("Could not append",)}
    assert hydras.startswith(whys[ours.why]) if ours else not hydras


def test_silent_where_configurations_differ() -> None:
    start = Configured(release="0", possible=({"a": 1}, {"b": 1}), likely=())
    assert not list(refused(launch_of("a=1\nb=1\n+a=2\n").settings, start))
    (found,) = refused(launch_of("c=1\n").settings, start)
    assert found.why == "not there"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("engine_kwargs.vllm.new", True),
        ("engine_kwargs.vllm.swap_space.new", True),
        ("plain.new", False),
        ("empty.new", True),
        ("nothing.new", True),
        ("absent.new", False),
    ],
)
def test_open_parts(key: str, expected: bool) -> None:
    keys: dict[str, Any] = dict.fromkeys(("engine_kwargs", "engine_kwargs.vllm", "plain", "empty"), "{}")
    keys |= {"engine_kwargs.vllm.swap_space": None, "plain.known": 1, "nothing": None}
    assert is_open(key, keys) is expected
