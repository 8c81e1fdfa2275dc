"""Every distribution installed in the target, read from the names and files of its metadata folders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from verl_doctor.facts import secrets
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 30.0
NAMED: Final = frozenset({"verl", "vllm", "tensordict"})
"""The distributions whose requirements rules ask about."""

_METADATA = {".dist-info": "METADATA", ".egg-info": "PKG-INFO", ".egg": "PKG-INFO"}
_SUFFIXES = (".dist-info", ".egg-info")
_EGG = "EGG-INFO"
"""The metadata of a folder `NAME-VERSION-pyX.Y.egg`, which `setup.py install` puts on the search path by itself."""
_SEPARATORS = re.compile(r"[-_.]+")
_PYTHON_TAG = re.compile(r"-py3(\.\d+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Another installation of the same distribution: later on the search path, or a second metadata folder."""

    version: str
    location: str
    metadata: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """An installed distribution.

    `location` is the folder it is installed in, `metadata` its .dist-info or .egg-info there. `requires` holds
    its Requires-Dist lines, and `requires_python` its Requires-Python, for the distributions that rules ask
    about (NAMED); None elsewhere. `editable` is the checkout of an editable install, `url` a direct URL,
    `commit` the git commit of either; `copies` the other installations; `broken` why the metadata is not usable.
    """

    name: str
    version: str
    location: str
    metadata: str
    requires: tuple[str, ...] | None = None
    requires_python: str | None = None
    editable: str | None = None
    url: str | None = None
    commit: str | None = None
    copies: tuple[Copy, ...] = ()
    broken: str | None = None


class Partial(dict[str, Distribution]):
    """The distributions that something told of; others may be installed too."""


def normalise(name: str) -> str:
    """Return a distribution's name as the index compares it (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def collect(host: Host, target: Target) -> dict[str, Distribution]:
    """Return the installed distributions by normalised name; the first on the search path wins, as in imports."""
    found: dict[str, Distribution] = {}
    for folder in dict.fromkeys(target.search_path):
        for distribution in _in_folder(host, target, Path(folder), _names(host, Path(folder))):
            key = normalise(distribution.name)
            first = found.get(key)
            if first is None:
                found[key] = distribution
            elif (
                not first.editable or str(target.outside(first.editable)) != distribution.location
            ):  # a checkout's own egg-info is not a second copy
                found[key] = _with_copy(first, distribution)
    return found


def _names(host: Host, folder: Path) -> tuple[str, ...]:
    try:
        return host.names(folder)
    except OSError:
        return ()


def _with_copy(first: Distribution, other: Distribution) -> Distribution:
    """Add another installation; in one folder the metadata that can be read is the one that counts."""
    if first.broken and not other.broken and first.location == other.location:
        first, other = other, first
    copy = Copy(version=other.version, location=other.location, metadata=other.metadata)
    return replace(first, copies=(*first.copies, *other.copies, copy))


def _in_folder(host: Host, target: Target, folder: Path, names: Sequence[str]) -> Iterator[Distribution]:
    for name in names:
        if name.endswith(_SUFFIXES):
            yield _read(host, target, folder, name, name)
        elif name == _EGG and folder.suffix == ".egg":
            yield _read(host, target, folder, name, folder.name)


def _read(host: Host, target: Target, folder: Path, entry: str, called: str) -> Distribution:
    """Return what a metadata folder describes; `called` is the name that has the distribution's in it."""
    stem, _, suffix = called.rpartition(".")
    name, _, version = _PYTHON_TAG.sub("", stem).partition("-")
    metadata_name = _METADATA[f".{suffix}"]
    described = Distribution(name=name, version=version, location=str(folder), metadata=entry)
    if name.startswith("~"):
        return replace(described, broken="left over from an uninstall that was interrupted")
    file, broken = _file(host, folder / entry, metadata_name)
    if broken:
        return with_origin(host, target, replace(described, broken=broken))
    if version and normalise(name) not in NAMED and entry != _EGG:
        return with_origin(host, target, described)
    try:
        headers = _headers(host.read(file, 2**20))
    except OSError as error:
        return replace(described, broken=f"{metadata_name} cannot be read: {error.strerror}")
    told = headers.get("version", ("",))[0]
    if not told:
        return replace(described, broken=f"{metadata_name} names no version")
    return with_origin(
        host,
        target,
        replace(
            described,
            name=headers.get("name", (name,))[0],
            version=told,
            requires=headers.get("requires-dist", ()) if normalise(name) in NAMED else None,
            requires_python=headers.get("requires-python", (None,))[0] if normalise(name) in NAMED else None,
        ),
    )


def _file(host: Host, metadata: Path, name: str) -> tuple[Path, str | None]:
    """Return the file that holds the metadata, and why it cannot be used, None where it can."""
    file = metadata / name
    try:
        return file, None if host.size(file) else f"{name} is empty"
    except (FileNotFoundError, NotADirectoryError):
        if name != "PKG-INFO" or not host.is_file(metadata):
            return file, f"{metadata.name} has no {name}"
        # distutils wrote a single file
        return metadata, None if host.size(metadata) else f"{metadata.name} is empty"
    except OSError as error:
        return file, f"{name} cannot be read: {error.strerror}"


def _headers(data: bytes) -> dict[str, tuple[str, ...]]:
    """Return the header lines of a metadata file (they end at the first empty line)."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").partition("\n\n")[0]
    headers: dict[str, tuple[str, ...]] = {}
    for line in text.split("\n"):
        key, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            headers[key.lower()] = (*headers.get(key.lower(), ()), value.strip())
    return headers


def with_origin(host: Host, target: Target, described: Distribution) -> Distribution:
    """Add where an editable or direct-URL install came from (PEP 610), and its git commit."""
    file = Path(described.location, described.metadata, "direct_url.json")
    if not host.is_file(file):
        if described.metadata.endswith(".egg-info") and host.is_dir(Path(described.location, ".git")):
            checkout = Path(described.location)
            inner = f"/{checkout.relative_to(target.root)}"
            return replace(described, editable=inner, commit=git_commit(host, checkout))
        return described
    import json
    from urllib.parse import unquote, urlsplit

    try:
        origin = json.loads(host.read(file, 2**16))
        url = str(origin["url"])
        editable = origin.get("dir_info", {}).get("editable") is True
        vcs_commit = origin.get("vcs_info", {}).get("commit_id")
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return replace(described, url="direct_url.json cannot be read")
    place = unquote(urlsplit(url).path) if url.startswith("file:") else None
    return replace(
        described,
        url=secrets.cut_from_url(url),
        editable=place if editable else None,
        commit=vcs_commit or (git_commit(host, target.outside(place)) if place and editable else None),
    )


def git_commit(host: Host, checkout: Path) -> str | None:
    """Return the commit that a git checkout is at, from its files; None where they do not tell."""
    git = checkout / ".git"
    try:
        if host.is_file(git):  # a worktree or submodule: the file names the folder
            git = checkout / host.read(git, 2**12).decode("utf-8", "replace").partition("gitdir:")[2].strip()
        head = host.read(git / "HEAD", 2**12).decode("ascii", "replace").strip()
    except OSError:
        return None
    if not head.startswith("ref:"):
        return head or None
    reference = head.partition(":")[2].strip()
    try:
        common = git / host.read(git / "commondir", 2**12).decode("utf-8", "replace").strip()
    except OSError:
        common = git
    for place in (git, common):
        try:
            return host.read(place / reference, 2**12).decode("ascii", "replace").strip()
        except OSError:
            continue
    try:
        packed = host.read(common / "packed-refs").decode("utf-8", "replace")
    except OSError:
        return None
    return next((line.split()[0] for line in packed.splitlines() if line.endswith(f" {reference}")), None)
