"""A compiled extension needs functions that the installed torch does not have.

An extension is compiled against one torch, and the functions it calls are named in its table of symbols, with the
types of their parameters. Another torch release, another build of it or the other C++ ABI has other functions; then
the extension cannot be loaded: `undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKSsb` and its like, for vLLM
at the first rollout. Whether the installed torch has each function is read from the files; nothing is loaded.

See it: `python -c "import vllm._C"`, or the module that the finding names. Cure it: the torch that the package was
built for, or a build of the package for the installed torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.alternatives import judged
from verl_doctor.facts.binaries import Extension, Linked
from verl_doctor.facts.damage import Damage
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.facts.torch import Torch
from verl_doctor.mangled import readable
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Finding, Layer, Severity, Source, Unavailable, UnknownError
from verl_doctor.refitting import Refitting, prevents
from verl_doctor.target import Target

ID: Final = "VD050"
NAME: Final = "binary-symbol-missing"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TORCH
SIGNATURE: Final = (r"\.so\S*: undefined symbol: _Z\w+",)


def ask(
    target: Target,
    python: Python,
    packages: Mapping[str, Distribution],
    binaries: Mapping[str, Linked],
    torch: Torch,
    matrix: Matrix,
    damage: Mapping[str, Damage],
) -> Iterator[Finding]:
    """Yield a finding for each distribution with extensions that cannot find all their symbols.

    Where a library of torch is gone or cut short, the symbols may have been in it; `broken-distribution` says so.
    """
    if "torch" in damage:
        for name in (*damage["torch"].gone, *damage["torch"].cut_short):
            if name.startswith("torch/lib/"):
                raise UnknownError(f"torch is incomplete: {name} is gone or cut short")
    refitting = Refitting(
        target=target, python=python, packages=packages, binaries=binaries, torch=torch, matrix=matrix
    )
    for key, extensions in judged(binaries, torch):
        if broken := {path: extension for path, extension in extensions.items() if extension.missing}:
            yield _finding(refitting, key, broken)
    for linked in binaries.values():
        for path, extension in linked.extensions.items():
            if isinstance(extension, Unavailable):
                raise UnknownError(f"{linked.location}/{path} cannot be read: {extension.reason}")


def _finding(refitting: Refitting, key: str, broken: Mapping[str, Extension]) -> Finding:
    path, first = max(broken.items(), key=lambda item: item[1].needs)
    symbol = first.missing[0]
    name = readable(symbol)
    others = f" {len(broken) - 1} more of its extensions have the same trouble." if len(broken) > 1 else ""
    return Finding(
        message=f"{refitting.described(key)} cannot load {path}: of the {first.needs} symbols of torch that it needs, "
        f"torch {refitting.torch.version} lacks {len(first.missing)}, the first {symbol}"
        f"{f' ({name})' if name else ''}.{others} {_why(refitting, key, first)}",
        remedy=refitting.remedy(key),
        evidence=tuple(
            f"{path}: {len(extension.missing)} of {extension.needs} missing, the first {extension.missing[0]}"
            for path, extension in broken.items()
        ),
        sources=(Source(kind="measured", reference="the tables of dynamic symbols of the installed files"),),
        about=frozenset({key, "torch"}),
        prevents=prevents(key),
    )


def _why(refitting: Refitting, key: str, extension: Extension) -> str:
    """Say for which torch the extension was built, as far as that is known."""
    reasons = []
    if not refitting.fits_by_version(key):
        reasons.append(f"this release was built for torch{refitting.built_for(key)}")
    here = refitting.torch.cxx11_abi
    if extension.cxx11_abi is not None and here is not None and extension.cxx11_abi is not here:
        reasons.append(f"it was built for the {'C++11' if extension.cxx11_abi else 'pre-C++11'} ABI of strings, "
                       f"torch for the {'C++11' if here else 'pre-C++11'} one")  # fmt: skip
    if not reasons and extension.flavour == "cuda" and refitting.torch.flavour == "cpu":
        reasons.append("it was built for a CUDA torch, and this is a CPU build")
    if not reasons:
        reasons.append("it was built for another torch")
    text = "; ".join(reasons)
    return f"{text[0].upper()}{text[1:]}."
