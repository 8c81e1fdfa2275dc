"""Two pins of one file cannot be installed together, or do not work together.

What verl, vLLM and tensordict require of each other is known from the published metadata: a file that pins
vllm==0.7.2 and torch==2.6.0 makes pip refuse, or, with --no-deps, an environment that breaks at the first import.
Pairs that metadata allows although they break, or that nobody vouches for, are found by the same data as in an
installed environment, and carry the id and the name that `check` gives them.

Pin the versions of one recommended stack: `verl-doctor recommend` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from verl_doctor import knowledge
from verl_doctor.checks import vllm_untested_with_verl
from verl_doctor.explain.cure_of import cure_of
from verl_doctor.facts.packages import normalise
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.stated import stated
from verl_doctor.knowledge.judgement import Holds
from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.fault import Fault
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import exact, satisfies, version_of
from verl_doctor.model import Remedy, Severity, Unavailable

ID: Final = "VD613"
NAME: Final = "pins-contradict"
SEVERITY: Final = Severity.ERROR
_REASON: Final = "only what the file pins is known"


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the pins that do not go together; the facts of this node do not matter to another installation."""
    del facts
    pinned = {normalise(s.name): (s, version) for s in launch.settings if s.kind == "package" and (version := _pin(s))}
    if len(pinned) < 2:  # noqa: PLR2004 - a contradiction needs two
        return
    versions = {name: version for name, (_, version) in pinned.items()}
    settings = {name: setting for name, (setting, _) in pinned.items()}
    told: set[frozenset[str]] = set()
    for about, fault in chain(_failures(settings, versions, matrix), _conflicts(settings, versions, matrix)):
        if about not in told:
            told.add(about)
            yield fault
    if frozenset({"verl", "vllm"}) not in told:
        yield from _untested(settings, versions, matrix)


def _pin(setting: Setting) -> str | None:
    """Return the one version that a requirement allows."""
    value = (setting.value or "").strip()
    return value if version_of(value) else exact(value) if value else None


def _failures(
    settings: Mapping[str, Setting], versions: Mapping[str, str], matrix: Matrix
) -> Iterator[tuple[frozenset[str], Fault]]:
    """Yield the known failures that the pins alone bring about."""
    here = stated(versions, _REASON)
    for failure in knowledge.load():
        if failure.within or not failure.severity.rank <= Severity.WARNING.rank:
            continue
        for condition, sources in failure.alternatives(matrix):
            about = [name for name in condition.stated if name in versions]
            judged = condition.judge(here) if len(about) > 1 and len(about) == len(condition.stated) else None
            if isinstance(judged, Holds):
                found = ", ".join(dict.fromkeys(seen.what for seen in judged.seen))
                yield (
                    frozenset(about),
                    Fault(
                        id=failure.id,
                        name=failure.name,
                        severity=failure.severity,
                        setting=settings[about[0]],
                        message=f"{failure.texts.title} ({found}).",
                        remedy=cure_of(failure, here, matrix),
                        sources=failure.cited(matrix, sources),
                    ),
                )
                break


def _conflicts(
    settings: Mapping[str, Setting], versions: Mapping[str, str], matrix: Matrix
) -> Iterator[tuple[frozenset[str], Fault]]:
    """Yield the pins that the metadata of another pinned release excludes."""
    for name in ("vllm", "verl", "tensordict"):
        release = matrix.release(name, versions[name]) if name in versions else None
        for other, specifier in (release.requires if release else {}).items():
            if specifier and other in versions and satisfies(versions[other], specifier) is False:
                assert release is not None  # noqa: S101 - it has requirements
                yield (
                    frozenset({name, other}),
                    Fault(
                        id=ID,
                        name=NAME,
                        severity=SEVERITY,
                        setting=settings[other],
                        message=(
                            f"{other} {versions[other]} is pinned, and {name} {versions[name]} requires "
                            f"{other}{specifier}: an installer refuses, or installs what breaks."
                        ),
                        remedy=Remedy(
                            text=f"Pin a {other} that satisfies {specifier}, or another {name}.",
                            commands=("verl-doctor recommend",),
                        ),
                        sources=release.sources,
                    ),
                )


def _untested(settings: Mapping[str, Setting], versions: Mapping[str, str], matrix: Matrix) -> Iterator[Fault]:
    here = stated(versions, _REASON)
    if isinstance(here.packages, Unavailable) or not {"verl", "vllm"} <= here.packages.keys():
        return
    stack = matrix.best_stack(verl=versions["verl"])
    for finding in vllm_untested_with_verl.ask(here.target, here.packages, matrix, stack):
        yield Fault(
            id=vllm_untested_with_verl.ID,
            name=vllm_untested_with_verl.NAME,
            severity=vllm_untested_with_verl.SEVERITY,
            setting=settings["vllm"],
            message=finding.message,
            remedy=finding.remedy,
            sources=finding.sources,
        )
