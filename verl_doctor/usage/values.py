"""The values that a shell can offer: names that the doctor knows, files and folders."""

from __future__ import annotations

import re
from typing import Final, Literal

Place = Literal["file", "folder"]
_FILE: Final = re.compile(r"\[?(?:FILE|PATH|LOG|A\.json|NODE)\b")


def place(metavar: str | None) -> Place | None:
    """Return whether a value with this name is a file or a folder; None for neither."""
    if metavar is None:
        return None
    if metavar.startswith("DIR"):
        return "folder"
    return "file" if _FILE.match(metavar) else None


def names(command: str, parameter: str) -> tuple[str, ...]:
    """Return the names that a parameter takes, where the doctor knows them all."""
    if (command, parameter) == ("explain", "name"):
        from verl_doctor.explain.entries import everything

        return tuple(sorted(entry.name for entry in everything()))
    if (command, parameter) == ("lint", "allow"):
        from verl_doctor.explain.entries import entries

        return tuple(sorted(entry.name for entry in entries()))
    if parameter == "allow":
        from verl_doctor.examine import questions

        return tuple(sorted(question.name for question in questions()))
    if (command, parameter) == ("patch", "names"):
        from verl_doctor.patching.catalogue import built_in

        return tuple(sorted(patch.name for patch in built_in()))
    if (command, parameter) == ("smoke-test", "probes"):
        from verl_doctor.smoke.probes import PROBES

        return tuple(PROBES)
    return ()
