"""The ways in which the doctor itself can fail, each with its exit code and a message ready for the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class DoctorError(Exception):
    """The doctor could not do its work; a finding about the environment is never an exception.

    `kind` is its name for programs, a part of the contract.
    """

    exit_code: ClassVar[int] = 3
    kind: ClassVar[str] = "other"


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


class WriteFailedError(DoctorError):
    """The system did not let the doctor write; what had been written was put back."""

    kind = "write"


class BusyError(DoctorError):
    """Another process is writing to the same packages."""

    kind = "busy"


class LoadInterruptedError(DoctorError):
    """An interrupt came while code that is not the doctor's own was being loaded."""

    exit_code = 130
    kind = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a command ended without an answer: a sentence, its kind for programs, and the exit code."""

    message: str
    kind: str
    exit_code: int


def failure(error: Exception) -> Failure:
    """Return what an exception that ends a command says to the user."""
    if isinstance(error, DoctorError):
        return Failure(message=str(error), kind=error.kind, exit_code=error.exit_code)
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] != "verl_doctor":
        said = (
            f"verl-doctor cannot start: {error}. A package it depends on is missing or broken here; "
            "installed on its own (in a checkout: `uv tool install .` or `pipx install .`) it examines "
            "this environment from outside."
        )
        return Failure(message=said, kind="dependency", exit_code=3)
    if isinstance(error, OSError):
        return Failure(message=f"verl-doctor cannot go on: {error}.", kind="system", exit_code=3)
    said = (
        f"this is a bug of verl-doctor, not of the environment: {one_line(error)}. "
        "Report it with the command and what VERL_DOCTOR_TRACEBACK=1 makes it print."
    )
    return Failure(message=said, kind="bug", exit_code=3)


def one_line(error: BaseException) -> str:
    """Return an exception's kind and message on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".:")
