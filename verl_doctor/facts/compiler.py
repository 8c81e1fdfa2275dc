"""What Triton needs to compile its launchers: a C compiler and Python's headers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 3.0
_COMPILERS: Final = ("gcc", "clang")  # what Triton looks for, in its order; it knows no other name


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """The C compiler that Triton would take (CC's, else gcc, else clang) and the folder of the target's Python.h.

    None where there is none.
    """

    cc: str | None
    python_h: str | None


def collect(host: Host, target: Target) -> Compiler:
    """Return what is there; nothing is compiled."""
    return Compiler(cc=_image_cc(host, target) if target.root != "/" else _cc(host), python_h=_python_h(host, target))


def _cc(host: Host) -> str | None:
    named = host.environ.get("CC")  # taken whole: Triton runs it as one word
    found = (host.which(name) for name in ((named,) if named else _COMPILERS))
    return next((str(path) for path in found if path), None)


def _image_cc(host: Host, target: Target) -> str | None:
    """Return the compiler inside an unpacked image, in whose folders PATH usually points."""
    folders = (Path(target.prefix, "bin"), Path(target.root, "usr/local/bin"), Path(target.root, "usr/bin"))
    places = (folder / name for name in _COMPILERS for folder in folders)
    return next((str(path) for path in places if host.is_file(path)), None)


def _python_h(host: Host, target: Target) -> str | None:
    if target.version is None:
        return None
    minor = ".".join(target.version.split(".")[:2])
    folders = (prefix / "include" / f"python{minor}" for prefix in _prefixes(host, target))
    return next((str(folder) for folder in folders if host.is_file(folder / "Python.h")), None)


def _prefixes(host: Host, target: Target) -> Iterator[Path]:
    """Yield where headers may be: the environment, and for a venv the Python that it was made from."""
    yield Path(target.prefix)
    try:
        settings = host.read(Path(target.prefix, "pyvenv.cfg"), 2**12).decode("utf-8", "replace")
    except OSError:
        return
    for line in settings.splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            home = Path(target.root, value.strip().lstrip("/"))
            yield home.parent
            yield host.real(home / "python3").parent.parent
