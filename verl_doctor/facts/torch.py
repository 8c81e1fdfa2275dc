"""The torch installed in the target, read from its files."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from verl_doctor.facts.elf import UnreadableError
from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.symbols import SharedObject
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 10.0

Flavour = Literal["cuda", "rocm", "xpu", "cpu"]

# Every torch has this function; its parameter is a string of one ABI or of the other.
_FAIL: Final = b"_ZN3c106detail14torchCheckFailEPKcS2_jRK"
_TAKES_A_STRING: Final = {
    True: _FAIL + b"NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
    False: _FAIL + b"Ss",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Torch:
    """A torch build.

    `version` as torch/version.py has it ("2.5.1+cu124"); `flavour` is what it computes on; `cuda` the CUDA
    it was built with ("12.4"), `hip` the ROCm; `archs` the GPU code it holds ("sm_90", "compute_90"), None
    where the files do not tell; `cxx11_abi` the C++ ABI of its libraries, None likewise.
    """

    version: str
    flavour: Flavour
    location: str
    cuda: str | None = None
    hip: str | None = None
    git_version: str | None = None
    archs: tuple[str, ...] | None = None
    cxx11_abi: bool | None = None


def collect(host: Host, target: Target, packages: Mapping[str, Distribution]) -> Torch:
    """Return the torch that an import would find. Raises MissingFactError where there is none or it does not tell."""
    installed = packages.get("torch")
    folders = [installed.location] if installed else []
    for folder in (*folders, *target.search_path):
        module = Path(folder, "torch")
        if host.is_file(module / "version.py"):
            return _read(host, module)
    if installed:
        raise MissingFactError(f"torch {installed.version} is listed, but {installed.location} has no torch/version.py")
    raise MissingFactError("torch is not installed")


def _read(host: Host, module: Path) -> Torch:
    values = _assignments(host.read(module / "version.py", 2**16))
    version = values.get("__version__")
    if version is None:
        raise MissingFactError(f"{module / 'version.py'} names no version")
    cuda, hip, xpu = values.get("cuda"), values.get("hip"), values.get("xpu")
    flavour: Flavour = "cuda" if cuda else "rocm" if hip else "xpu" if xpu else "cpu"
    return Torch(
        version=version,
        flavour=flavour,
        location=str(module),
        cuda=cuda,
        hip=hip,
        git_version=values.get("git_version"),
        archs=_archs(host, module) if cuda else None,
        cxx11_abi=_cxx11_abi(host, module),
    )


def _assignments(source: bytes) -> dict[str, str]:
    """Return the names to which a module assigns text, such as `cuda: Optional[str] = '12.4'`."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return {}
    found = {}
    for statement in body:
        targets = (
            statement.targets
            if isinstance(statement, ast.Assign)
            else [statement.target]
            if isinstance(statement, ast.AnnAssign)
            else []
        )
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found.update({name.id: value.value for name in targets if isinstance(name, ast.Name)})
    return found


def _archs(host: Host, module: Path) -> tuple[str, ...] | None:
    """Return the list that `torch.cuda.get_arch_list()` would give: a text constant in libtorch_python."""
    library = module / "lib/libtorch_python.so"
    try:
        flags = host.find(library, rb"sm_\d+[af]?(?: (?:sm|compute)_\d+[af]?)+")
    except (OSError, ValueError):
        return None
    return tuple(flags.decode("ascii").split()) if flags else None


def _cxx11_abi(host: Host, module: Path) -> bool | None:
    """Tell by what torch says to those who build with it; newer releases say nothing, but their symbols do."""
    try:
        config = host.read(module / "share/cmake/Torch/TorchConfig.cmake", 2**20)
    except OSError:
        config = b""
    if flag := re.search(rb"_GLIBCXX_USE_CXX11_ABI=([01])", config):
        return flag.group(1) == b"1"
    try:
        with host.opened(module / "lib/libc10.so") as read:
            library = SharedObject(read)
            return next((abi for abi, name in _TAKES_A_STRING.items() if library.offers(name)), None)
    except (OSError, UnreadableError):
        return None
