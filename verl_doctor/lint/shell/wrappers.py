"""Command lines that start another one: what they start, and what they set for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from verl_doctor.lint.document import Setting
from verl_doctor.lint.settings import setting
from verl_doctor.lint.shell.scope import Field

_STARTERS: Final = frozenset(
    {
        "torchrun",
        "vllm",
        "pip",
        "pip3",
        "bash",
        "sh",
        "zsh",
        "env",
        "ray",
        "docker",
        "podman",
        "accelerate",
        "deepspeed",
    }
)
_WRAPPERS: Final = frozenset(
    [
        "apptainer",
        "bash",
        "catchsegv",
        "command",
        "conda",
        "docker",
        "enroot",
        "exec",
        "gdb",
        "hatch",
        "ionice",
        "kubectl",
        "mamba",
        "micromamba",
        "mpiexec",
        "mpirun",
        "ncu",
        "nice",
        "nohup",
        "nsys",
        "numactl",
        "pdm",
        "pixi",
        "podman",
        "poetry",
        "ray",
        "runai",
        "rye",
        "salloc",
        "screen",
        "script",
        "setsid",
        "singularity",
        "srun",
        "ssh",
        "stdbuf",
        "strace",
        "sudo",
        "taskset",
        "tee",
        "time",
        "timeout",
        "tmux",
        "torchrun",
        "unbuffer",
        "uv",
        "xargs",
    ]
)

_ELSEWHERE: Final = frozenset({"kubectl", "ssh", "sudo"})
"""Wrappers whose command gets an environment of its own."""
_KEEPS: Final = re.compile(r"-[A-Za-z]*E[A-Za-z]*|--preserve-env(=.*)?")
"""sudo's options to keep the caller's environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The words of the command that is started, what is set for it, and what it does not get of what is exported.

    `unset` names variables; `is_clean` says that it gets none.
    """

    words: Sequence[Field]
    settings: tuple[Setting, ...] = ()
    unset: frozenset[str] = frozenset()
    is_clean: bool = False
    open: bool = False


def program(word: Field) -> str | None:
    """Return the last part of a program's path."""
    return None if word.value is None else word.value.rpartition("/")[2]


def is_python(name: str | None) -> bool:
    """Say whether a program is a Python interpreter."""
    if name is None or not name.startswith(("python", "pypy")):
        return False
    return all(
        character.isdigit() or character == "." for character in name.removeprefix("python").removeprefix("pypy")
    )


def inside(words: Sequence[Field]) -> Started | None:
    """Return what a wrapper starts; None where the first word is no wrapper, or starts nothing that is known."""
    name = program(words[0])
    if name == "env":
        return _env(words)
    if name in {"docker", "podman"}:
        return _container(words)
    if name == "srun":
        return _after(words, _slurm_options(words))
    if name in _ELSEWHERE:
        return _elsewhere(words)
    if name in _WRAPPERS:
        return _after(words, ())
    return None


def _elsewhere(words: Sequence[Field]) -> Started | None:
    """Return what `sudo [NAME=VALUE]... COMMAND`, `ssh` or `kubectl exec` starts, without what is exported."""
    started = _after(words, ())
    if started is None:
        return None
    before = words[1 : len(words) - len(started.words)]
    is_sudo = program(words[0]) == "sudo"
    keeps = is_sudo and any(_KEEPS.fullmatch(word.text.text) for word in before)
    settings = tuple(found for word in before if is_sudo and (found := assigned(word)) is not None)
    return replace(started, is_clean=not keeps, settings=settings)


def _after(words: Sequence[Field], settings: tuple[Setting, ...]) -> Started | None:
    """Return what begins at the first word that starts something."""
    for index in range(1, len(words)):
        name = program(words[index])
        if is_python(name) or name in _STARTERS or name in _WRAPPERS:
            return Started(words=words[index:], settings=settings)
        if name is not None and name.endswith((".sh", ".py")):
            return Started(words=words[index:], settings=settings)
        if words[index].value is None and any(word.value == "-m" for word in words[index + 1 : index + 3]):
            return Started(words=words[index:], settings=settings)
    return None


def _env(words: Sequence[Field]) -> Started:
    """Return what `env [-i] [-u NAME] [NAME=VALUE]... COMMAND` starts."""
    settings: list[Setting] = []
    unset: set[str] = set()
    index, is_clean = 1, False
    while index < len(words):
        text = words[index].text.text
        if text in {"-i", "--ignore-environment", "-"}:
            is_clean = True
        elif text in {"-u", "--unset", "-C", "--chdir"}:
            index += 1
            unset.update(word.text.text for word in words[index : index + 1] if text in {"-u", "--unset"})
        elif text.startswith("--unset="):
            unset.add(text.partition("=")[2])
        elif (found := assigned(words[index])) is not None:
            settings.append(found)
        elif not text.startswith("-"):
            break
        index += 1
    return Started(words=words[index:], settings=tuple(settings), unset=frozenset(unset), is_clean=is_clean)


def assigned(word: Field) -> Setting | None:
    """Return the variable that a word NAME=VALUE sets; None for another word."""
    name, equals, _ = word.text.text.partition("=")
    if not equals or not name.isidentifier() or not name.isascii():
        return None
    return setting("environment", name, word.text, len(name) + 1, word.whole, word.written)


def _container(words: Sequence[Field]) -> Started | None:
    """Return what `docker run -e NAME=VALUE IMAGE COMMAND` starts; nothing of what is exported gets there."""
    settings = []
    for index, word in enumerate(words):
        text = word.text.text
        if text in {"-e", "--env"} and index + 1 < len(words):
            settings.append(_both(word, words[index + 1]))
        elif text.startswith("--env="):
            settings.append(_tail(word, len("--env=")))
        elif text.startswith("-e") and "=" in text:
            settings.append(_tail(word, len("-e")))
    started = _after(words, tuple(each for each in settings if each is not None))
    if started is None:
        return None
    is_open = any(word.text.text.startswith("--env-file") for word in words)
    return Started(words=started.words, settings=started.settings, is_clean=True, open=is_open)


def _both(option: Field, word: Field) -> Setting | None:
    """Return the variable set by an option and the word after it; both must go for it to be gone."""
    source = word.text.source
    is_next = option.whole.end == word.whole.start
    whole = source.span(option.whole.start, word.whole.end if is_next else option.whole.start)
    return assigned(Field(text=word.text, whole=whole, written=f"{option.written} {word.written}"))


def _tail(word: Field, start: int) -> Setting | None:
    return assigned(Field(text=word.text.cut(start, len(word.text.text)), whole=word.whole, written=word.written))


def _slurm_options(words: Sequence[Field]) -> tuple[Setting, ...]:
    """Return the options that `srun` itself is given."""
    from verl_doctor.lint.shell.slurm import options

    return tuple(options(_leading(words)))


def _leading(words: Sequence[Field]) -> Sequence[Field]:
    """Return the words before the first that starts something."""
    started = _after(words, ())
    return words[1:] if started is None else words[1 : len(words) - len(started.words)]
