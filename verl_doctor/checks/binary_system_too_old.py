"""torch, or a compiled extension for it, was built on a newer system than this one.

Compiled files name the versions of the C and C++ libraries that they were linked with. Where the system's are older,
nothing loads: "version `GLIBC_2.32' not found (required by .../flash_attn_2_cuda...)", `GLIBCXX_3.4.32' and their
like. Wheels from an index are built on old systems for that reason; what was built in another container often is not.

See it: `ldd` on the file that the finding names. Cure it: build the package on this system, or use a newer one; a newer
libstdc++ can also come from conda.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.alternatives import judged
from verl_doctor.facts.binaries import Linked
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.torch import Torch
from verl_doctor.matrix.specifiers import release
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.refitting import prevents
from verl_doctor.target import Target

ID: Final = "VD056"
NAME: Final = "binary-system-too-old"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.NODE
SIGNATURE: Final = (r"version [`']GLIBC(?:XX)?_\S+' not found",)


def ask(
    target: Target, packages: Mapping[str, Distribution], binaries: Mapping[str, Linked], torch: Torch
) -> Iterator[Finding]:
    """Yield a finding for each distribution with a file that needs a newer C or C++ library."""
    for key, extensions in judged(binaries, torch):
        broken = {path: extension for path, extension in extensions.items() if extension.outdated}
        if broken:
            path, first = next(iter(broken.items()))
            versions = tuple(dict.fromkeys(version for e in broken.values() for version in e.outdated))
            yield Finding(
                message=f"{packages[key].name} {packages[key].version} cannot load {path}: it needs "
                f"{', '.join(first.outdated)}, which the C and C++ libraries of this system are too old to have.",
                remedy=_remedy(target, packages[key], versions),
                evidence=tuple(f"{path} needs {', '.join(e.outdated)}" for path, e in broken.items()),
                about=frozenset({key, "libc"}),
                prevents=prevents(key),
            )


def _remedy(target: Target, distribution: Distribution, versions: tuple[str, ...]) -> Remedy:
    options = f"--force-reinstall --no-deps --no-build-isolation --no-binary {distribution.name}"
    build = f"{target.installer} {options} '{distribution.name}=={release(distribution.version)}'"
    if any(version.startswith("GLIBC_") for version in versions):
        return Remedy(
            text="Use a system (or a container) as new as the one it was built on, or build it here.", commands=(build,)
        )
    if target.kind == "conda":
        return Remedy(
            text="Install a newer libstdc++ into this environment.",
            commands=(f"conda install -p {target.prefix} -c conda-forge libstdcxx-ng",),
        )
    return Remedy(text="Install a newer libstdc++ (that of a newer GCC), or build it here.", commands=(build,))
