"""Decides what format a file has: by its name, its first line, its content."""

from __future__ import annotations

from typing import Final, Literal

from verl_doctor.lint.budget import Budget
from verl_doctor.lint.document import Format
from verl_doctor.lint.traced import Traced

Named = Literal["shell", "yaml", "dockerfile", "requirements"]
_SCRIPTS: Final = (".sh", ".bash", ".slurm", ".sbatch", ".zsh", ".ksh")
_NO_DOCKERFILES: Final = (".md", ".rst", ".txt", ".py", ".dockerignore")
_SHELLS: Final = frozenset({"sh", "bash", "zsh", "ksh", "dash"})
_BATCH: Final = "#SBATCH"


def by_name(name: str) -> Named | None:
    """Return the kind of file that a name tells of; None where it tells of none that is read here."""
    lower = name.lower()
    if lower.endswith(_SCRIPTS):
        return "shell"
    if lower.endswith((".yaml", ".yml")):
        return "yaml"
    if lower.startswith(("dockerfile", "containerfile")) or lower.endswith((".dockerfile", ".containerfile")):
        return None if lower.endswith(_NO_DOCKERFILES) else "dockerfile"
    if lower.endswith((".txt", ".in")) and ("requirements" in lower or "constraints" in lower):
        return "requirements"
    return None


def format_of(name: str, text: Traced) -> Format | None:
    """Return a file's format; None where it is none that concerns verl."""
    named = by_name(name)
    match named:
        case "dockerfile" | "requirements":
            return named
        case "yaml":
            return _of_yaml(text, or_broken=True)
        case "shell":
            return _of_shell(text)
        case None:
            pass
    if name.endswith(".py"):
        return None
    return _of_shell(text) if _is_shell(text) else _by_content(text)


def _of_shell(text: Traced) -> Format:
    lines = text.text.splitlines()
    return "slurm" if any(line.startswith(_BATCH) for line in lines) else "shell"


def _is_shell(text: Traced) -> bool:
    first = text.text.partition("\n")[0].strip()
    if first.startswith("#!"):
        return bool(_SHELLS & set(first[2:].replace("/", " ").split()))
    return f"\n{_BATCH}" in text.text


def _of_yaml(text: Traced, *, or_broken: bool) -> Format | None:
    """Return what YAML is. What is broken counts as a configuration, if it may: the reader says what is wrong."""
    from verl_doctor.lint.readers import hydra, ray_job
    from verl_doctor.lint.yaml_nodes import YamlError, documents

    try:
        roots = documents(text)
    except YamlError:
        return "hydra" if or_broken else None
    if ray_job.is_job(roots):
        return "ray-job"
    return "hydra" if hydra.is_configuration(text, roots) else None


def _by_content(text: Traced) -> Format | None:
    lines = [line.strip() for line in text.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines or lines[0].startswith("#!"):
        return None
    if lines[0].split()[0].upper() in {"FROM", "ARG"}:
        return "dockerfile"
    if (found := _of_yaml(text, or_broken=False)) is not None:
        return found
    if all(_is_requirement(line) for line in lines):
        return "requirements"
    return "shell" if _starts_something(text) else None


def _is_requirement(line: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(line.partition(" #")[0].partition(" --")[0].rstrip("\\ "))
    except InvalidRequirement:
        return line.startswith("-")
    return True


def _starts_something(text: Traced) -> bool:
    """Say whether a text, read as a script, starts something of verl or sets variables for it."""
    from verl_doctor.lint.readers import shell

    found = bool(shell.read(text)[0])
    text.source.budget = Budget()
    return found
