"""The ways in which the doctor itself can fail, each with its exit code and a message ready for the user."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from verl_doctor.streams import OutputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to run next: what that does, as a sentence without its end, and the command."""

    what: str
    command: str


class DoctorError(Exception):
    """The doctor could not do its work; a finding about the environment is never an exception.

    `kind` is its name for programs, a part of the contract; `steps` are what to run next.
    """

    exit_code: int = 3
    kind: ClassVar[str] = "other"

    def __init__(self, message: str, *, steps: Sequence[Step] = ()) -> None:
        super().__init__(message)
        self.steps = tuple(steps)


class UsageError(DoctorError):
    """The command line, or a file named on it, does not say what can be done."""

    exit_code = 2
    kind = "usage"


class TargetError(DoctorError):
    """The environment to examine cannot be found or read."""

    kind = "target"


class DataError(DoctorError):
    """A data file of the doctor, or one given to it, does not hold what it should."""

    kind = "data"


class PatchRefusedError(DoctorError):
    """A file holds something that no patch knows; nothing was written."""

    exit_code = 1
    kind = "refused"

    @property
    def reason(self) -> str:
        """Why, without that nothing was written: where nothing was to be, that is no news."""
        said = str(self).removeprefix("Nothing was written, because ").removeprefix("Nothing was written: ")
        return said.removesuffix("; nothing was written.")


class WriteFailedError(DoctorError):
    """The system did not let the doctor write; what had been written was put back."""

    kind = "write"


class BusyError(DoctorError):
    """Another process is writing to the same packages."""

    kind = "busy"


class StoppedError(DoctorError):
    """A signal ended the work; the message says what is left of it."""

    kind = "interrupted"

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class LoadInterruptedError(DoctorError):
    """An interrupt came while code that is not the doctor's own was being loaded."""

    exit_code = 130
    kind = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a command ended without an answer: a sentence, its kind for programs, the exit code, and what to run next."""

    message: str
    kind: str
    exit_code: int
    steps: tuple[Step, ...] = ()

    @property
    def whole(self) -> str:
        """The message with the steps."""
        return " ".join((self.message, *(f"{step.what}: {step.command}" for step in self.steps)))


def failure(error: Exception) -> Failure:
    """Return what an exception that ends a command says to the user."""
    if isinstance(error, DoctorError):
        return Failure(message=str(error), kind=error.kind, exit_code=error.exit_code, steps=error.steps)
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] != "verl_doctor":
        said = (
            f"verl-doctor cannot start: {error}. A package it depends on is missing or broken here; "
            "installed on its own (in a checkout: `uv tool install .` or `pipx install .`) it examines "
            "this environment from outside."
        )
        return Failure(message=said, kind="dependency", exit_code=3)
    if isinstance(error, OSError):
        return Failure(message=_of_the_system(error), kind="system", exit_code=3)
    said = (
        f"this is a bug of verl-doctor, not of the environment: {one_line(error)}. "
        "Report it with the command and what VERL_DOCTOR_TRACEBACK=1 makes it print."
    )
    return Failure(message=said, kind="bug", exit_code=3)


def _of_the_system(error: OSError) -> str:
    """Return where the system refused something, and why."""
    why = error.strerror or one_line(error)
    if isinstance(error, OutputError):
        return f"Standard output cannot be written: {why}."
    if error.filename is None:
        return f"The system refused what is needed for an answer: {why}."
    return (
        f"{os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename} cannot be used: {why}."
    )


def one_line(error: BaseException) -> str:
    """Return an exception's kind and message on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".:")
