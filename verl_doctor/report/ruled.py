"""What a policy says of a check, in words."""

from __future__ import annotations

from verl_doctor.model import Ruling
from verl_doctor.report.plain_text import one_line


def ruled(ruling: Ruling) -> str:
    """Return how much a failure counts, until when and why; nothing where no policy says it."""
    if ruling.reason is None and ruling.expires is None and ruling.severity is None:
        return ""  # by --allow, which whoever reads this has just typed
    what = f"counted as {ruling.severity.value}" if ruling.severity else "ignored"
    until = f" until {ruling.expires.isoformat()}" if ruling.expires else ""
    return f"{what}{until}" + (f": {one_line(ruling.reason).rstrip('.')}" if ruling.reason else "")
