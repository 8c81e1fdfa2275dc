"""What a release of verl can be told: the keys of the configurations of its programs, composed by Hydra itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from verl_doctor.releases.index import Index
from verl_doctor.releases.wheel import open_wheel

TRAINER = "verl/trainer/config"
ENGINE = "model_engine"
"""The group of configurations that from verl 0.7 on chooses what the model is trained with."""
SKIPPED = ("_generated_", "reward_manager", "legacy_reward_impl", "rob_")
"""What is no configuration that a program of the trainer starts with."""
Keys = dict[str, Any]
"""The default of each key: a scalar as it is, None for null, a list, "{}" for a mapping, "???" for what must be set."""


def read(index: Index, version: str) -> dict[str, Keys]:
    """Return the keys of each configuration of a published release, by the configuration's name."""
    with open_wheel(index, "verl", version) as wheel:
        names = [name for name in wheel.archive.namelist() if "/config/" in name and name.endswith(".yaml")]
        return composed(wheel.read([name for name in names if name.startswith("verl/")]))


def composed(files: Mapping[str, bytes]) -> dict[str, Keys]:
    """Return the keys of each configuration that a program can be started with."""
    found: dict[str, Keys] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for path in sorted(Path(folder).glob("**/config/*.yaml")):
            if not path.name.startswith(SKIPPED):
                for name, overrides in _variants(path):
                    found[name] = _keys(path, overrides, Path(folder, TRAINER))
    return found


def _variants(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield a configuration, and what becomes of it with another engine."""
    yield path.stem, []
    if path.stem == "ppo_trainer":
        for engine in sorted(path.parent.glob(f"{ENGINE}/*.yaml")):
            if engine.stem != "dp":
                yield f"{path.stem} {ENGINE}={engine.stem}", [f"{ENGINE}={engine.stem}"]


def _keys(path: Path, overrides: list[str], trainer: Path) -> Keys:
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(path.parent), version_base=None):
        search = [] if path.parent == trainer else [f"hydra.searchpath=[file://{trainer}]"]
        config = OmegaConf.to_container(compose(path.stem, overrides=[*overrides, *search]), resolve=False)
    assert isinstance(config, dict)
    return dict(_flat(config, ""))


def _flat(node: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield name, "{}"
            yield from _flat(value, f"{name}.")
        else:
            yield name, value
