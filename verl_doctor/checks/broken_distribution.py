"""An installed distribution cannot be used: its metadata or files that it consists of are gone.

A folder `<name>-<version>.dist-info` without METADATA is the trace of an install or uninstall that was cut
off (a full disk, a killed job, two installers at once). pip does not report
it; the next install may skip the package, or leave two versions mixed.

A compiled file, a module or a package that RECORD lists and that is not on the disk was never written (an install that
was interrupted, a full disk), or was moved or deleted afterwards, often by a clean-up or by the uninstall of another
distribution that had the same file. Installers take the version for installed and do nothing; the import fails:
`libcudnn.so.9: cannot open shared object file`, `No module named 'ray'`, `No module named 'vllm._C'`. A compiled file
that ends too early (a full disk, a download that broke off) is as good as gone: `file too short`.

The modules of verl, vLLM and tensordict are always looked for; those of torch, transformers and Ray, of which there are
thousands, with `check --deep`. Tests count for nothing, and bytecode alone is as good as a module.

See it: list the folder or the files named in the finding. Cure it: remove the leftover, or just install the same
version again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Final

from verl_doctor.facts.damage import Damage
from verl_doctor.facts.packages import Distribution
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.refitting import prevents
from verl_doctor.same_build import same_build
from verl_doctor.target import Target

ID: Final = "VD002"
NAME: Final = "broken-distribution"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INSTALLATION

_SHOWN: Final = 3
"""How many files are named."""


def ask(target: Target, packages: Mapping[str, Distribution], damage: Mapping[str, Damage]) -> Iterator[Finding]:
    """Yield a finding for each distribution whose metadata is not usable, or whose files are gone or cut short."""
    for key, distribution in packages.items():
        if distribution.broken is None or distribution.name.startswith("~"):
            continue
        place = f"{distribution.location}/{distribution.metadata}"
        wanted = f"{distribution.name}=={distribution.version}" if distribution.version else distribution.name
        yield Finding(
            message=f"{distribution.name} {distribution.version} is not properly installed: {distribution.broken}.",
            remedy=Remedy(
                text="Remove the leftover and install the package again.",
                commands=(f"rm -r {quote(place)}", f"{target.installer} --force-reinstall --no-deps {quote(wanted)}"),
                pins=((key, distribution.version),) if distribution.version else (),
            ),
            evidence=(place,),
            about=frozenset({key}),
        )
    for key, harm in damage.items():
        if packages[key].broken is None:
            yield _incomplete(target, key, packages[key], harm)


def _incomplete(target: Target, key: str, distribution: Distribution, harm: Damage) -> Finding:
    return Finding(
        message=f"{distribution.name} {distribution.version} is incomplete: {_told(harm)}.",
        remedy=Remedy(
            text=f"Install {distribution.name} {distribution.version} again.",
            commands=(f"{target.installer} --force-reinstall --no-deps {same_build(key, distribution)}",),
            pins=((key, distribution.version),),
        ),
        evidence=tuple(f"{distribution.location}/{name}" for name in (*harm.gone, *harm.cut_short)[:_SHOWN]),
        about=frozenset({key}),
        prevents=prevents(key),
    )


def _told(harm: Damage) -> str:
    states = (harm.gone, "gone"), (harm.cut_short, "cut short")
    return "; ".join(
        f"{_first(names)} {'is' if len(names) == 1 else 'are'} {state}" for names, state in states if names
    )


def _first(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more of its files" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
