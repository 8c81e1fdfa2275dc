"""What Triton needs to compile its launchers: a C compiler and Python's headers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 3.0
_COMPILERS: Final = ("gcc", "clang", "cc")  # in the order in which Triton looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A C compiler and the folder of the target's Python.h; None where there is none."""

    cc: str | None
    python_h: str | None


def collect(host: Host, target: Target) -> Compiler:
    """Return what is there; nothing is compiled."""
    named = host.environ.get("CC", "").partition(" ")[0]
    found = (host.which(name) for name in ((named,) if named else _COMPILERS))
    compiler = next((path for path in found if path), None)
    return Compiler(cc=str(compiler) if compiler else None, python_h=_python_h(host, target))


def _python_h(host: Host, target: Target) -> str | None:
    if target.version is None:
        return None
    minor = ".".join(target.version.split(".")[:2])
    prefixes = [Path(target.prefix), Path(target.root, "usr"), Path(target.root, "usr/local")]
    try:
        settings = host.read(Path(target.prefix, "pyvenv.cfg"), 2**12).decode("utf-8", "replace")
    except OSError:
        settings = ""
    for line in settings.splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            prefixes.insert(1, Path(value.strip()).parent)
    folders = (prefix / "include" / f"python{minor}" for prefix in prefixes)
    return next((str(folder) for folder in folders if host.is_file(folder / "Python.h")), None)
