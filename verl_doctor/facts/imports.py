"""What the target can really import; tried only where that is asked for, in children of its own interpreter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.packages import Distribution, normalise
from verl_doctor.host import Host
from verl_doctor.target import Target

Outcome = Literal["works", "fails", "hangs", "untried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """How the import of a module went, and after how many seconds.

    `error` is the last line of the exception, how the process ended, or why the import was not tried; `cause` the
    exception behind it, where one was named; `where` the frame in which it happened; `through` the packages whose code
    was running, the outermost first; `detail` the end of the traceback and of what was printed.
    """

    outcome: Outcome
    seconds: float = 0.0
    version: str | None = None
    error: str | None = None
    cause: str | None = None
    where: str | None = None
    through: tuple[str, ...] = ()
    detail: str = ""

    def is_about(self, name: str) -> bool:
        """Say whether a distribution may have to do with it: its code was running, or the error names it.

        A compiled file that cannot be loaded does not say for which torch it was built.
        """
        said = f"{self.error} {self.cause}"
        words = {normalise(word) for word in re.findall(r"\w+", said)}
        return name in words | set(map(normalise, self.through)) or (name == "torch" and ".so" in said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """What is imported: a module, names in it that are loaded when they are asked for, and its compiled part.

    `deadline` is in seconds; `needs` are the modules without which the import cannot work.
    """

    deadline: float = 60.0
    needs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    compiled: tuple[str, ...] = ()


MODULES: Final[Mapping[str, Module]] = {
    "torch": Module(),
    "tensordict": Module(needs=("torch",)),
    "flash_attn": Module(needs=("torch",)),
    "vllm": Module(deadline=180.0, needs=("torch",), names=("LLM",), compiled=("vllm._C",)),
    "verl": Module(deadline=180.0, needs=("torch", "tensordict")),
    "verl.workers.rollout.vllm_rollout": Module(deadline=180.0, needs=("verl", "vllm")),
}
"""In the order in which they are tried; verl itself imports neither its rollout nor vLLM."""


def collect(
    host: Host,
    target: Target,
    packages: Mapping[str, Distribution],
    deadline: float | None = None,
    before: Callable[[str], object] = str,
) -> dict[str, Import]:
    """Return how the import of each module that is there goes. `before` is told each name first.

    Raises MissingFactError where there is no interpreter that can be run here.
    """
    if target.python is None or target.root != "/":
        raise MissingFactError(f"{target.prefix} has no Python that can be run here, so nothing can be imported")
    from verl_doctor.importing.attempt import attempt

    found: dict[str, Import] = {}
    for name, module in MODULES.items():
        if not _is_there(host, target, packages, name):
            continue
        if why := _hopeless(module.needs, found):
            found[name] = Import(outcome="untried", error=why)
            continue
        before(name)
        found[name] = attempt(name, module, target, host.environ, deadline or module.deadline)
    return found


def _is_there(host: Host, target: Target, packages: Mapping[str, Distribution], name: str) -> bool:
    folder = name.replace(".", "/")
    return normalise(name) in packages or any(host.is_dir(Path(each, folder)) for each in target.search_path)


def _hopeless(needs: Iterable[str], found: Mapping[str, Import]) -> str | None:
    for need in needs:
        if need not in found:
            return f"it needs {need}, which is not installed"
        if found[need].outcome != "works":
            return f"it needs {need}, which cannot be imported"
    return None
