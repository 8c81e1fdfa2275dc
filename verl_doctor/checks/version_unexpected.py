"""An installed version, or Python's, is not the one that the policy expects, or the distribution is missing.

A fleet whose nodes differ gives results that nobody can reproduce, and fails on some nodes only. The policy says which
versions a team has agreed on, whether or not others would work.

See it: the versions at the top of the report beside the policy's `[expect.versions]`. Cure it: install the version, or
change the policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.expected import Expected
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.specifiers import exact, satisfies
from verl_doctor.model import Finding, Layer, Remedy, Severity, Unavailable, UnknownError

ID: Final = "VD802"
NAME: Final = "version-unexpected"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TRAINER


def ask(facts: Facts, expected: Expected) -> Iterator[Finding]:
    """Yield a finding for each version that is another one."""
    for name, specifier in expected.versions:
        found = _version(facts, name)
        if found is not None and satisfies(found, specifier):
            continue
        is_there = f"{name} {found} is installed" if found else f"{name} is not installed"
        yield Finding(
            message=f"{is_there}, and {expected.origin} expects {specifier}: this node is not like the others of its "
            "fleet.",
            remedy=_remedy(facts, name, specifier),
            evidence=(f"[expect.versions] {name} = {specifier!r} in {expected.origin}",),
            about=frozenset({name}),
        )


def _version(facts: Facts, name: str) -> str | None:
    """Return the version that is installed; None where the distribution is not. Raises UnknownError."""
    if name == "python":
        if isinstance(facts.python, Unavailable):
            raise UnknownError(facts.python.reason)
        return facts.python.version
    if isinstance(facts.packages, Unavailable):
        raise UnknownError(facts.packages.reason)
    if name == "torch" and not isinstance(facts.torch, Unavailable):
        return facts.torch.version  # with the build's tag, which its metadata may lack
    installed = facts.packages.get(name)
    return installed.version if installed else None


def _remedy(facts: Facts, name: str, specifier: str) -> Remedy:
    if name == "python":
        return Remedy(text=f"Make the environment with a Python {specifier}, or change the policy.")
    pin = exact(specifier)
    return Remedy(
        text=f"Install {name}{specifier}, or change the policy.",
        commands=(f"{facts.target.installer} '{name}{specifier}'",),
        pins=((name, pin),) if pin else (),
    )
