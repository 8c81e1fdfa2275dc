"""The demo from end to end, as a row of steps: each is done when it is yielded, and holds what is to be shown."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from verl_doctor import target as targets
from verl_doctor.demo import behaviour, sandbox
from verl_doctor.demo.behaviour import Behaviour
from verl_doctor.demo.sandbox import Sandbox
from verl_doctor.errors import DoctorError
from verl_doctor.examine import Report, examine, needed, questions
from verl_doctor.facts import packages
from verl_doctor.facts.collect import collect
from verl_doctor.host import Host, LocalHost
from verl_doctor.matrix.load import load as load_matrix
from verl_doctor.model import Layer
from verl_doctor.patching.apply import apply, revert
from verl_doctor.patching.plan import plan_apply
from verl_doctor.target import Target

# About the machine that the demo runs on, which may be a laptop; the sandbox is about what is installed.
OF_THE_MACHINE: Final = (Layer.DRIVER, Layer.GPU, Layer.NODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The sandbox is there."""

    sandbox: Sandbox
    distributions: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The sandbox was examined; findings about the machine itself are shown but not counted."""

    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The functions that the patches edit were run."""

    behaviours: tuple[Behaviour, ...]

    @property
    def is_cured(self) -> bool:
        """Say whether every function does what verl needs."""
        return all(one.is_cured for one in self.behaviours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What applying the patches would change."""

    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patched:
    """The files that were changed."""

    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverted:
    """The originals are back.

    `unlike_published` are files of vLLM that are not as in the release, `unlike_before` any files of the sandbox
    that are not as they were before the patches; both empty if all is well. `files` is how many of vLLM's were
    compared.
    """

    files: int
    unlike_published: tuple[str, ...]
    unlike_before: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What happened, in plain words, and whether all of it went as it should."""

    words: tuple[str, ...]
    is_proven: bool


Step = Built | Checked | Observed | Proposed | Patched | Reverted | Finished


class Apart(LocalHost):
    """The machine without the settings that would bring other packages into the sandbox."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables without PYTHONPATH."""
        return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(host: Host, *, keep: bool = False, cache: Path | None = None) -> Generator[Step, None, None]:
    """Yield each step when it is done; the sandbox is removed at the end, or kept. `host` is best an `Apart`."""
    with _folder(keep=keep) as folder:
        started = monotonic()
        box = _built(folder / "venv", cache)
        target = targets.find(host, prefix=box.prefix, own=Path(sys.prefix))
        installed = packages.collect(host, target)
        yield Built(sandbox=box, distributions=len(installed), seconds=monotonic() - started)
        yield Checked(report=_check(host, target))
        before = Observed(behaviours=behaviour.observe(host, box.site_packages))
        yield before

        original = _contents(box)
        yield Proposed(diff=plan_apply(host, target, installed).diff().decode("utf-8", "replace"))
        applied = apply(host, target, installed)
        yield Patched(files=tuple(edit.file for edit in applied.edits))
        after = Observed(behaviours=behaviour.observe(host, box.site_packages))
        yield after
        yield Checked(report=_check(host, target))

        revert(host, target, installed)
        restored = _compare(box, original, cache)
        yield restored
        yield _finish(before, after, restored)


def _built(prefix: Path, cache: Path | None) -> Sandbox:
    try:
        return sandbox.make(prefix, cache)
    except OSError as error:
        raise DoctorError(f"the sandbox cannot be made in {prefix}: {error.strerror or error}") from error


def _check(host: Host, target: Target) -> Report:
    machine = [question.name for question in questions() if question.layer in OF_THE_MACHINE]
    return examine(collect(host, target, needed()), load_matrix(), machine)


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    if keep:
        yield Path(tempfile.mkdtemp(prefix="verl-doctor-demo-"))
        return
    with tempfile.TemporaryDirectory(prefix="verl-doctor-demo-") as folder:
        yield Path(folder)


def _contents(box: Sandbox) -> dict[str, bytes]:
    files = (path for path in box.site_packages.rglob("*") if path.is_file())
    return {path.relative_to(box.site_packages).as_posix(): path.read_bytes() for path in files}


def _compare(box: Sandbox, original: Mapping[str, bytes], cache: Path | None) -> Reverted:
    current = _contents(box)
    names = sorted(original.keys() | current.keys())
    return Reverted(
        files=sum(name.startswith("vllm/") for name in current),
        unlike_published=sandbox.unlike_published(box, cache),
        unlike_before=tuple(name for name in names if original.get(name) != current.get(name)),
    )


def _finish(before: Observed, after: Observed, restored: Reverted) -> Finished:
    broken = [one for one in before.behaviours if not one.is_cured]
    cured = [one for one in after.behaviours if one.is_cured]
    strays = sorted({*restored.unlike_published, *restored.unlike_before})
    return Finished(
        words=(
            f"vLLM {sandbox.VLLM} as published breaks verl in {len(broken)} functions.",
            f"With the patches applied, {len(cured)} of {len(after.behaviours)} do what verl needs.",
            f"Reverted, {len(strays)} files are not as they were: {', '.join(strays)}."
            if strays
            else f"Reverted, all {restored.files} files of vLLM are byte for byte as published.",
        ),
        is_proven=len(broken) == len(before.behaviours) and after.is_cured and not strays,
    )
