"""What a launch configures: which of verl's configurations it starts from, and the value that a key has in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.versions import released
from verl_doctor.settings import values
from verl_doctor.settings.keys import MISSING, Keys, configurations

FAMILIES: Final = {
    "verl.trainer.main_ppo": ("ppo_trainer", "ppo_megatron_trainer"),
    "verl.trainer.main_ppo_sync": ("ppo_trainer", "ppo_megatron_trainer"),
    "verl.trainer.main_ppo_v0": ("ppo_trainer", "ppo_megatron_trainer"),
    "verl.trainer.main_generation": ("generation",),
    "verl.trainer.main_generation_server": ("ppo_trainer", "ppo_megatron_trainer"),
    "verl.trainer.main_eval": ("evaluation",),
    "verl.trainer.fsdp_sft_trainer": ("sft_trainer",),
    "verl.trainer.sft_trainer": ("sft_trainer_engine",),
    "verl.trainer.sft_trainer_ray": ("sft_trainer_engine",),
    "verl.experimental.fully_async_policy.fully_async_main": (
        "fully_async_ppo_trainer",
        "fully_async_ppo_megatron_trainer",
    ),
    "verl.experimental.one_step_off_policy.main_ppo": ("one_step_off_ppo_trainer", "one_step_off_ppo_megatron_trainer"),
}
"""The configurations that verl's programs are started with; the first is what they take by themselves."""
OPTIONS: Final = frozenset({"config-name", "config_name", "cn", "config-path", "config_path", "cp", "config-dir", "cd"})
"""Hydra's options that choose another configuration, as a reader may name them, without dashes."""
_NAMES: Final = frozenset({"config-name", "config_name", "cn"})
ROLLOUT: Final = "actor_rollout_ref.rollout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """The configurations of one release that a launch may start from, and those that it starts from as it stands.

    They differ where a launch takes more from elsewhere, which may name another configuration.
    """

    release: str
    possible: tuple[Keys, ...]
    likely: tuple[Keys, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a key is set to, and where; by default where there is no setting.

    A default is `assumed` where the launch may take more settings from where nobody can look.
    """

    text: str
    setting: Setting | None
    assumed: bool = False


def module(launch: Launch) -> str | None:
    """Return the module that a launch runs, whether it is named as such or by its file."""
    return module_of(launch.program) if launch.program else None


def module_of(name: str) -> str:
    """Return the name of a module that may be named by its file."""
    if name.endswith(".py"):
        _, found, inner = f"/{name}".rpartition("/verl/")
        name = (f"verl/{inner}" if found else name).removesuffix(".py").replace("/", ".")
    return name


def configured(launch: Launch, facts: Facts) -> Configured | None:
    """Return what a launch starts from; None where that is not known: another program, release or configuration."""
    release = released(facts, "verl")
    known = configurations(release) if release else None
    family = FAMILIES.get(module(launch) or "")
    if release is None or known is None or family is None:
        return None
    if any(_chooses(setting) for setting in launch.settings):
        named = chosen(launch)
        only = (known[named],) if named is not None and named in known else ()
        return Configured(release=release, possible=only, likely=only) if only else None
    likely = tuple(_variants(known, family[:1], launch))
    possible = tuple(_variants(known, family, launch)) if launch.open else likely
    return Configured(release=release, possible=possible, likely=likely) if likely else None


def _variants(known: Mapping[str, Keys], family: Sequence[str], launch: Launch) -> Iterator[Keys]:
    """Yield configurations by name: all variants where a launch chooses a part of the configuration."""
    chooses = any(is_group(setting.name) for setting in launch.settings if setting.kind == "verl")
    for name, keys in known.items():
        if name in family or (chooses and name.split()[0] in family):
            yield keys


def chosen(launch: Launch) -> str | None:
    """Return the configuration that a launch names; None where that is not known."""
    names = [s for s in launch.settings if s.kind == "verl" and s.name.lstrip("-") in _NAMES]
    if not names or names[-1].value is None:
        return None
    return PurePosixPath(names[-1].value.strip("'\"")).stem


def is_group(name: str) -> bool:
    """Say whether a setting chooses a file of a configuration group ("model_engine=megatron"), and is no key."""
    return "@" in name or "/" in name or name == "model_engine"


def _chooses(setting: Setting) -> bool:
    return setting.kind == "verl" and setting.name.lstrip("-") in OPTIONS


def value(launch: Launch, facts: Facts, key: str) -> Value | None:
    """Return what a key is set to in the end, by the launch or by default; None where that is not known."""
    setting = launch.setting("verl", key)
    if setting is not None:
        if setting.value is None or setting.sigil == "~":
            return None
        return Value(text=setting.value, setting=setting)
    if any(s.kind == "verl" and key.startswith(f"{s.name}.") for s in launch.settings):
        return None
    start = configured(launch, facts)
    if start is None:
        return None
    defaults = {values.written(keys[key]) if key in keys else MISSING for keys in start.likely}
    text = defaults.pop() if len(defaults) == 1 else MISSING
    return None if text == MISSING or "${" in text else Value(text=text, setting=None, assumed=launch.open)


def certain(launch: Launch, facts: Facts, key: str) -> str | None:
    """Return a key's value where nothing else can set it; None where it is not known for certain."""
    found = value(launch, facts, key)
    return None if found is None or found.assumed else found.text


def count(launch: Launch, facts: Facts, key: str) -> int | None:
    """Return a key's value where it is certain, and a whole number."""
    return values.whole(certain(launch, facts, key))


def uses_vllm(launch: Launch) -> bool:
    """Say whether nothing speaks against vLLM making the rollouts."""
    name = launch.setting("verl", f"{ROLLOUT}.name") or launch.setting("verl", "rollout.name")
    return name is None or (name.value is not None and values.plain(name.value) == "vllm")


def trains(launch: Launch) -> bool:
    """Say whether a launch trains with rollouts, or may: a fragment that says nothing about its program may."""
    program = module(launch)
    if program in FAMILIES:
        return any("ppo" in name or name == "generation" for name in FAMILIES[program])
    return program is None or any(s.kind == "verl" and s.name.startswith(ROLLOUT) for s in launch.settings)
