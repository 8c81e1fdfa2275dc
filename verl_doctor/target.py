"""The environment to examine: which interpreter, which folders hold its packages, how to install into it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Literal

from verl_doctor.errors import TargetError
from verl_doctor.host import Exited, Host

Kind = Literal["venv", "conda", "system", "folder"]

ASK_DEADLINE = 10.0
_PROGRAM = re.compile(r"(python|pypy)[\d.]*t?$")
_LIBRARY = re.compile(r"python(3\.\d+)t?$")
_IMAGE_PREFIXES = (
    "opt/venv",
    "opt/conda",
    "venv",
    ".venv",
    "app/.venv",
    "workspace/.venv",
    "usr/local",
    "usr",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A Python environment on disk, described without importing anything from it.

    `python` is the interpreter's path, None where there is none that could run; `version` the interpreter's
    version as far as the files tell ("3.12" or "3.12.3"); `search_path` the folders that hold packages, first
    found first; `root` what "/" means to it (another folder for an unpacked image); `installer` the words that
    begin an install command, such as "uv pip install --python /opt/venv/bin/python", inside the image if it is one.
    """

    python: str | None
    prefix: str
    version: str | None
    kind: Kind
    search_path: tuple[str, ...]
    root: str = "/"
    installer: str = "python3 -m pip install"

    @property
    def options(self) -> str:
        """The option that names this environment on our own command line."""
        if self.root != "/":
            return f"--prefix {quote(self.root)}"
        return f"--python {quote(self.python)}" if self.python else f"--prefix {quote(self.prefix)}"

    def outside(self, inner: str) -> Path:
        """Return where a path that a file of this environment names lies on the machine that is examined."""
        return _outside(Path(self.root), inner)


def find(host: Host, *, python: Path | None = None, prefix: Path | None = None, own: Path) -> Target:
    """Return the environment that the options name, else the active one, else the doctor's own.

    `own` is the prefix of the interpreter that runs the doctor. Raises TargetError where there is no environment,
    or one that cannot be read.
    """
    try:
        return _find(host, python, prefix, own)
    except OSError as error:
        raise TargetError(f"{error.filename} cannot be read: {error.strerror}.") from error


def _find(host: Host, python: Path | None, prefix: Path | None, own: Path) -> Target:
    if prefix is not None:
        return _from_prefix(host, prefix.absolute())
    if python is not None:
        return _from_python(host, _program(host, python))
    return _from_prefix(host, _active(host) or own)


def _active(host: Host) -> Path | None:
    """Return the environment that is activated. One that is gone is told: the doctor's own is not what was meant."""
    named = {name: host.environ[name] for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if host.environ.get(name)}
    for folder in named.values():
        if host.is_dir(Path(folder)):
            return Path(folder).absolute()
    if named:
        told = " and ".join(f"{name} names {folder}" for name, folder in named.items())
        raise TargetError(
            f"{told}, where no folder can be read: leave that environment with "
            f"`unset {' '.join(named)}`, or name the one to examine with --prefix."
        )
    return None


def _from_prefix(host: Host, prefix: Path) -> Target:
    if not host.is_dir(prefix):
        raise TargetError(f"{prefix} is not a folder that can be read, so there is no environment to examine.")
    if _versions(host, prefix):
        return _describe(host, prefix)
    if any(name.endswith((".dist-info", ".egg-info")) for name in host.names(prefix)):
        return _folder(prefix)
    inside = [prefix / name for name in _IMAGE_PREFIXES if _versions(host, prefix / name)]
    conda = prefix / "opt/conda/envs"
    if host.is_dir(conda):
        inside += [conda / name for name in host.names(conda) if _versions(host, conda / name)]
    if not inside:
        raise TargetError(
            f"{prefix} is no Python environment: it has no lib/python3.*, holds no installed packages, "
            f"and is no root of an image with one.{_hint(host, prefix)}"
        )
    images = [_describe(host, place, root=prefix) for place in inside]
    return max(images, key=lambda image: _rank(host, image))


def _hint(host: Host, folder: Path) -> str:
    """Return where the environment is that a folder of a package lies in."""
    with suppress(OSError):
        if any(name.endswith((".dist-info", ".egg-info")) for name in host.names(folder.parent)):
            return f" Packages are installed in {folder.parent}: give --prefix {quote(str(folder.parent))}."
    return ""


def _rank(host: Host, image: Target) -> tuple[int, bool]:
    """Say how likely this is what an image is for: what it holds, then whether a Python is there to run it."""
    return sum(_holds(host, image, name) for name in ("verl", "vllm", "torch")), image.python is not None


def _program(host: Host, python: Path) -> Path:
    """Return where an interpreter is: a bare name is looked up on PATH, as a shell does."""
    bare = len(python.parts) == 1 and not host.is_file(python.absolute())
    return (host.which(python.name) if bare else None) or python.absolute()


def _from_python(host: Host, python: Path) -> Target:
    if host.is_dir(python):
        raise TargetError(f"{python} is a folder; --prefix {quote(str(python))} examines the environment in it.")
    if not host.is_file(python):
        if barred := _barred(host, python):
            raise TargetError(f"{python} cannot be examined: this user may not enter {barred}.")
        raise TargetError(f"There is no Python at {python}.")
    real = host.real(python)
    if not _PROGRAM.match(python.name) and not _PROGRAM.match(real.name):
        raise TargetError(f"{python} is not called as a Python interpreter is.")
    if host.is_file(python.parent.parent / "pyvenv.cfg"):
        return _describe(host, python.parent.parent, python)
    named = _LIBRARY.match(real.name)
    if _versions(host, real.parent.parent) and (named or len(_versions(host, real.parent.parent)) == 1):
        return _describe(host, real.parent.parent, python, named.group(1) if named else None)
    # A wrapper (pyenv's shims are shell scripts) says only when run which interpreter it stands for.
    ask = "import sys; print(sys.prefix); print('%d.%d' % sys.version_info[:2]); print(sys.executable)"
    match host.run([str(python), "-I", "-S", "-c", ask], ASK_DEADLINE):
        case Exited(status=0, stdout=answer) if len(lines := answer.splitlines()) == 3:  # noqa: PLR2004 - the three lines asked for
            return _describe(host, Path(lines[0]), Path(lines[2]), lines[1])
        case _:
            raise TargetError(f"{python} does not answer as a Python interpreter does.")


def _barred(host: Host, path: Path) -> Path | None:
    """Return the folder on the way to a file that this user may not enter."""
    real = host.real(path)
    for step in (*reversed(real.parents), real):
        try:
            host.size(step)
        except PermissionError:
            return step.parent
        except OSError:
            return None
    return None


def _describe(
    host: Host, prefix: Path, python: Path | None = None, minor: str | None = None, root: Path = Path("/")
) -> Target:
    """Return the environment at `prefix`, from its files."""
    minor = minor or _preferred_minor(host, prefix, root)
    settings = _pyvenv(host, prefix)
    kind: Kind = "venv" if settings is not None else "conda" if host.is_dir(prefix / "conda-meta") else "system"
    python = python or _interpreter(host, prefix, minor, root)
    folders = [*_python_path(host, root), *_site_folders(host, prefix, minor)]
    isolated = settings is not None and settings.get("include-system-site-packages", "false").lower() != "true"
    if not isolated:
        if settings is not None and "home" in settings:
            folders += _site_folders(host, _outside(root, settings["home"]).parent, minor)
        if root == Path("/") and not host.environ.get("PYTHONNOUSERSITE") and "HOME" in host.environ:
            folders.insert(
                len(_python_path(host, root)),
                Path(host.environ["HOME"], ".local/lib", f"python{minor}", "site-packages"),
            )
    search_path = tuple(_with_path_files(host, [folder for folder in folders if host.is_dir(folder)], root))
    inner = f"/{python.relative_to(root)}" if python else None
    return Target(
        python=inner,
        prefix=str(prefix),
        version=_full_version(host, prefix, minor, settings or {}, root),
        kind=kind,
        search_path=tuple(map(str, search_path)),
        root=str(root),
        installer=_installer(host, inner, search_path) if inner or root != Path("/") else _into(host, prefix, minor),
    )


def _folder(folder: Path) -> Target:
    """Return a folder of packages without an interpreter, as `pip install --target` makes."""
    return Target(
        python=None,
        prefix=str(folder),
        version=None,
        kind="folder",
        search_path=(str(folder),),
        installer=f"uv pip install --target {quote(str(folder))}",
    )


def _versions(host: Host, prefix: Path) -> tuple[str, ...]:
    """Return the Python versions ("3.12") that have a library folder below `prefix`."""
    lib = prefix / "lib"
    if not host.is_dir(lib):
        return ()
    matches = (_LIBRARY.match(name) for name in host.names(lib))
    found = tuple(match.group(1) for match in matches if match)
    return tuple(v for v in found if any(True for _ in _site_folders(host, prefix, v)))


def _preferred_minor(host: Host, prefix: Path, root: Path) -> str:
    """Return the version that `python3` of this prefix is, else the newest one there."""
    versions = _versions(host, prefix)
    if not versions:
        raise TargetError(f"{prefix} has no folder of installed packages (lib/python3.*/site-packages).")
    linked = host.real(prefix / "bin/python3")
    # An absolute link inside an unpacked image would lead to the doctor's own machine.
    real = _LIBRARY.match(linked.name) if linked.is_relative_to(host.real(root)) else None
    if real and real.group(1) in versions:
        return real.group(1)
    return max(versions, key=lambda version: int(version.split(".")[1]))


def _site_folders(host: Host, prefix: Path, minor: str) -> list[Path]:
    """Return the folders in which this prefix keeps packages; Debian has its own names for them."""
    candidates = [prefix / lib / f"python{minor}" / "site-packages" for lib in ("lib", "lib64")]
    candidates += [
        prefix / "local/lib" / f"python{minor}" / "dist-packages",
        prefix / "lib" / f"python{minor}" / "dist-packages",
        prefix / "lib/python3/dist-packages",
    ]
    seen: dict[Path, Path] = {}
    for folder in candidates:
        if host.is_dir(folder):
            seen.setdefault(host.real(folder), folder)
    return list(seen.values())


def _python_path(host: Host, root: Path) -> list[Path]:
    if root != Path("/"):
        return []
    return [Path(entry) for entry in host.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _with_path_files(host: Host, folders: list[Path], root: Path) -> Iterator[Path]:
    """Yield the folders, and after each the folders that its .pth files add; their code lines are not run."""
    for folder in folders:
        yield folder
        for name in host.names(folder):
            if name.endswith(".pth"):
                try:
                    lines = host.read(folder / name, 2**16).decode("utf-8", "replace").splitlines()
                except OSError:
                    continue
                for line in lines:
                    added = _outside(root, line.strip(), beside=folder)
                    if line.strip() and not line.startswith(("#", "import ", "import\t")) and host.is_dir(added):
                        yield added


def _outside(root: Path, inner: str, beside: Path = Path("/")) -> Path:
    """Return where a path is whose "/" is `root`; a relative one is `beside` a folder."""
    return root / inner.lstrip("/") if inner.startswith("/") else beside / inner


def _pyvenv(host: Host, prefix: Path) -> dict[str, str] | None:
    try:
        text = host.read(prefix / "pyvenv.cfg", 2**16).decode("utf-8", "replace")
    except OSError:
        return None
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _full_version(host: Host, prefix: Path, minor: str, settings: dict[str, str], root: Path) -> str:
    told = re.match(r"3\.\d+\.\d+", settings.get("version_info") or settings.get("version") or "")
    if told:
        return told.group()
    home = _outside(root, settings["home"]).parent if "home" in settings else prefix
    try:
        header = host.read(home / "include" / f"python{minor}" / "patchlevel.h", 2**16)
    except OSError:
        return minor
    match = re.search(rb'#define\s+PY_VERSION\s+"([^"]+?)\+?"', header)
    return match.group(1).decode("ascii", "replace") if match else minor


def _interpreter(host: Host, prefix: Path, minor: str, root: Path) -> Path | None:
    folder = prefix / "bin"
    for name in ("python", "python3", f"python{minor}"):
        # Inside an unpacked image a link may point to a place that exists only there.
        if host.is_file(folder / name) or (root != Path("/") and host.is_dir(folder) and name in host.names(folder)):
            return folder / name
    return None


def _into(host: Host, prefix: Path, minor: str) -> str:
    """Return how to install where no interpreter is that could: any other, pip's own included, has its own place."""
    return f"uv pip install --python {minor} --target {quote(str(_site_folders(host, prefix, minor)[0]))}"


def _installer(host: Host, python: str | None, search_path: tuple[Path, ...]) -> str:
    if python is None:
        return "python3 -m pip install"
    if any(host.is_dir(folder / "pip") for folder in search_path):
        return f"{quote(python)} -m pip install"
    return f"uv pip install --python {quote(python)}"


def _holds(host: Host, target: Target, module: str) -> bool:
    return any(host.is_dir(Path(folder, module)) for folder in target.search_path)
