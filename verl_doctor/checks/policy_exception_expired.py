"""An exception in the policy has expired: the check that it was made for counts in full again.

An exception is made for a time, with a reason. When that time is over, whoever made it decides again, instead of
nobody remembering why the check is silent.

See it: `expires` in the policy's `[checks]`. Cure it: cure what the check finds and remove the exception, or give it a
new date.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.expected import Expected
from verl_doctor.model import Finding, Layer, Remedy, Severity

ID: Final = "VD805"
NAME: Final = "policy-exception-expired"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.NODE


def ask(expected: Expected) -> Iterator[Finding]:
    """Yield a finding for each exception that is over."""
    for each in expected.lapsed:
        reason = f" ({each.reason})" if each.reason else ""
        yield Finding(
            message=f"{expected.origin} has {each.check} as {each.severity}{reason} until {each.expires}, which is "
            "over: it counts in full again.",
            remedy=Remedy(
                text=f"Remove the exception for {each.check}, or give it a new date.",
                commands=(f"verl-doctor explain {each.check}",),
            ),
            evidence=(f'[checks."{each.check}"] expires = {each.expires} in {expected.origin}',),
        )
