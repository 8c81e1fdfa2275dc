"""A patch of your own does not recognise the file that it is for, in a release that has the bug.

Somebody changed the file, it is missing, or the patch was not written for this build: the bug may be there or not, and
`verl-doctor patch --apply` refuses. The built-in patches have a known failure of their name, which is then not judged.

See it: `verl-doctor patch --status` says what was found. Cure it: install the published files again where they were
changed on this node, or teach the patch this code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.patching import repair
from verl_doctor.target import Target

ID: Final = "VD030"
NAME: Final = "patch-unrecognised"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.PATCH


def ask(target: Target, packages: Mapping[str, Distribution], patches: Mapping[str, PatchState]) -> Iterator[Finding]:
    """Yield a finding for each patch of a team's own that knows neither the bug nor its absence where it should."""
    for name, state in patches.items():
        is_meant = state.is_affected and not state.only_where and not state.is_built_in
        if is_meant and state.state in {"unrecognised", "absent"}:
            verb = "recognise" if state.state == "unrecognised" else "find"
            subject = f"{state.distribution} {state.version}"
            yield Finding(
                message=f"{state.id} {name} does not {verb} {state.file} of {subject}: {state.reason}.",
                remedy=Remedy(
                    text="Install the published files again if they were changed here; else teach the patch this code.",
                    commands=_commands(target, packages.get(state.distribution)),
                ),
                evidence=(f"{state.file} as it is",),
                about=frozenset({state.distribution}),
            )


def _commands(target: Target, distribution: Distribution | None) -> tuple[str, ...]:
    """Return what brings the files back, if that is known."""
    command = repair.command(target, distribution) if distribution else None
    return (command,) if command else ()
