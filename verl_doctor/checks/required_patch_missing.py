"""A patch that the policy requires is not applied, though the installed release has its bug.

The policy names the patches without which a team does not start a job, also those that are only applied by name.

See it: `verl-doctor patch --status`. Cure it: apply the patch, or take it out of the policy's `[patches] required`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.expected import Expected
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import Finding, Layer, Remedy, Severity, Unavailable, UnknownError

ID: Final = "VD804"
NAME: Final = "required-patch-missing"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.PATCH


def ask(facts: Facts, expected: Expected) -> Iterator[Finding]:
    """Yield a finding for each patch that is missing where it is needed."""
    if not expected.patches:
        return
    if isinstance(facts.patches, Unavailable):
        raise UnknownError(facts.patches.reason)
    for name in expected.patches:
        state = facts.patches.get(name)
        if state is None:
            raise UnknownError(f"the state of the patch {name} was not recorded")
        if state.state == "applicable" or state.is_affected:
            reason = f" ({state.reason})" if state.reason else ""
            yield Finding(
                message=f"{expected.origin} requires the patch {name}, and {state.distribution} {state.version} has "
                f"the bug without it{reason}.",
                remedy=Remedy(
                    text=f"Apply {name}, with what else the installed releases need.",
                    commands=(
                        f"verl-doctor patch --apply {f'{name} ' if state.only_where else ''}{facts.target.options}",
                    ),
                    patch=name if state.state == "applicable" else None,
                ),
                evidence=(f"{state.file}: {state.state}",),
                about=frozenset({name}),
            )
