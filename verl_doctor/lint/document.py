"""What a file says about launching verl, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Format = Literal["shell", "slurm", "hydra", "ray-job", "dockerfile", "requirements"]
INSTALL: Final = "pip install"
"""The program of a launch that installs packages."""
Kind = Literal["verl", "environment", "vllm", "package", "slurm", "word"]
"""What sets it: a key of verl's configuration, an environment variable, an option of vLLM's own command line, a
requirement of an installation, an option of a Slurm job; a word that sets nothing, where only settings may stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a file: byte offsets, the end excluded, and the line (from 1) where it starts."""

    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that a file sets.

    `name` is a dotted key of verl ("actor_rollout_ref.rollout.n"), a variable, an option without its dashes, or a
    distribution's normalised name; `sigil` is what Hydra wants before a key that is new ("+", "++") or goes ("~").
    `value` is None where only the running script knows it (a command's output, an argument, a variable that nobody
    sets here). `whole` is what must go to remove the setting, with the line continuation or the comma that goes with
    it; `literal` is where its value stands as such, to be replaced: None where it is put together from several places.
    `literal` may lie far from `whole`: in the assignment of a variable that is used for this value alone. `key` is
    where the name stands with its sigil ("+trainer.n"), to be replaced: None where it is put together, or not told.
    """

    kind: Kind
    name: str
    value: str | None
    written: str
    whole: Span
    literal: Span | None = None
    sigil: str = ""
    key: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One start of a program, with what is set for it.

    `program` is the module or script that runs ("verl.trainer.main_ppo", "recipe/dapo/main_dapo.py", "vllm serve"),
    None where the settings stand in a file that another one launches (a Hydra YAML, a Ray job's runtime_env, ENV of a
    Dockerfile). Of a key that is set twice the later one counts, as in Hydra and in a shell; both are here, in order.
    `open` says that more settings come from where nobody can look ("$@", an array that is filled elsewhere), so that a
    key that is not here may still be set.
    """

    program: str | None
    line: int
    settings: tuple[Setting, ...] = ()
    open: bool = False

    @property
    def trains_or_serves(self) -> bool:
        """Whether a program is started with settings of verl or vLLM, not only variables set or packages installed."""
        return self.program not in {None, INSTALL} or any(each.kind in {"verl", "vllm"} for each in self.settings)

    def setting(self, kind: Kind, name: str) -> Setting | None:
        """Return the setting that counts; None where it is not set here."""
        return next((each for each in reversed(self.settings) if (each.kind, each.name) == (kind, name)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file, what it launches, and the parts of it that could not be read (line and reason)."""

    path: Path
    format: Format
    data: bytes
    launches: tuple[Launch, ...]
    unread: tuple[tuple[int, str], ...] = ()
