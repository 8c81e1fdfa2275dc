"""The ways in which the doctor itself can fail, each with its exit code and a message ready for the user."""

from __future__ import annotations


class DoctorError(Exception):
    """The doctor could not do its work; a finding about the environment is never an exception."""

    exit_code = 3


class UsageError(DoctorError):
    """The command line, or a file named on it, does not say what can be done."""

    exit_code = 2


class TargetError(DoctorError):
    """The environment to examine cannot be found or read."""


class DataError(DoctorError):
    """A data file of the doctor, or one given to it, does not hold what it should."""


class PatchRefusedError(DoctorError):
    """A file holds something that no patch knows; nothing was written."""

    exit_code = 1


class WriteFailedError(DoctorError):
    """The system did not let the doctor write; what had been written was put back."""


class BusyError(DoctorError):
    """Another process is writing to the same packages."""


class LoadInterruptedError(DoctorError):
    """An interrupt came while code that is not the doctor's own was being loaded."""

    exit_code = 130


def one_line(error: BaseException) -> str:
    """Return an exception's kind and message on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".:")
