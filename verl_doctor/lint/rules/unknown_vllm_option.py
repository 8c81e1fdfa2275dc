"""An option is given to vLLM that this vLLM does not have.

Options come and go with vLLM's releases. verl hands on what stands below engine_kwargs.vllm as it is; vLLM stops with
"unexpected keyword argument" or "unrecognized arguments" when the rollout starts, minutes after the launch.

verl-doctor knows the options of every vLLM release from 0.6.3 on from its published wheel, and is silent about
others.

Remove the option, or use what took its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.configured import trains, uses_vllm
from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.fault import Fault
from verl_doctor.lint.similar import similar
from verl_doctor.lint.versions import released
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import names, values

ID: Final = "VD603"
NAME: Final = "unknown-vllm-option"
SEVERITY: Final = Severity.ERROR
PREFIX: Final = "actor_rollout_ref.rollout.engine_kwargs.vllm."
_SERVERS: Final = frozenset({"vllm serve", "vllm.entrypoints.openai.api_server"})
_SHORT: Final = 3
_LEFT_TO_FAILURES: Final = frozenset({"num_scheduler_steps", "disable_mm_preprocessor_cache"})
"""Options whose end is a known failure of its own."""


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the options that this vLLM does not have."""
    del matrix
    vllm = released(facts, "vllm")
    engine, others = (names.known(kind, vllm) if vllm else None for kind in ("engine", "options"))
    if vllm is None or engine is None or others is None:
        return
    known = engine | {name.replace("-", "_") for name in others}
    for setting in launch.settings:
        option = _option(setting, launch, released(facts, "verl"))
        if option is not None and option not in known and option.removeprefix("no_") not in known:
            yield _fault(setting, option, vllm, known)


def _option(setting: Setting, launch: Launch, verl: str | None) -> str | None:
    """Return the name of vLLM's option that a setting sets for certain, as Python writes it."""
    if setting.kind == "verl" and setting.name.startswith(PREFIX):
        option = setting.name.removeprefix(PREFIX).split(".")[0]
        is_told = trains(launch) and uses_vllm(launch) and not _is_dropped(setting, verl)
        return option if is_told and option not in _LEFT_TO_FAILURES else None
    if setting.kind == "vllm" and launch.program in _SERVERS:
        option = setting.name.lstrip("-").split(".")[0].replace("-", "_")
        return option if len(option) > _SHORT else None
    return None


def _is_dropped(setting: Setting, verl: str | None) -> bool:
    """Say whether verl does not hand an option on: null, and False where it starts vLLM's server (0.6 and newer)."""
    if verl is None or satisfies(verl, ">=0.4.1") is not True or setting.sigil == "~":
        return True
    value = values.plain(setting.value) if setting.value is not None else ""
    return value is None or (value is False and satisfies(verl, ">=0.6.0") is True)


def _fault(setting: Setting, option: str, vllm: str, known: frozenset[str]) -> Fault:
    elsewhere = names.known_by("engine", option) or names.known_by("options", option.replace("_", "-"))
    told = f" ({elsewhere} has it)" if elsewhere else ""
    near = similar(option, known)
    return Fault(
        id=ID,
        name=NAME,
        severity=SEVERITY,
        setting=setting,
        message=f"vLLM {vllm} has no option {option}{told}, and stops when the rollout starts.",
        remedy=Remedy(text=f"The nearest that it has is {near}; or remove it." if near else "Remove it."),
    )
