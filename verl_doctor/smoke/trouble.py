"""Which known failures a failed probe looks like."""

from __future__ import annotations

from verl_doctor import knowledge
from verl_doctor.smoke.run import ProbeResult


def known(result: ProbeResult) -> str | None:
    """Return the name of the known failure whose signature is in what a failed probe said; None for none.

    Of several, one that the probe's own patches cure goes first, and what is usually but a consequence last.
    """
    said = f"{result.reason}\n{result.detail}"
    found = (failure for failure in knowledge.load() if failure.texts.is_in(said))
    names = [failure.name for failure in sorted(found, key=lambda failure: bool(failure.texts.follows))]
    return next((name for name in names if name in result.proves), names[0] if names else None)
