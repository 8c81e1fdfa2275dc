"""Whether a receipt still says what is there: a file that came anew is without its patches."""

from __future__ import annotations

from collections.abc import Iterable

from verl_doctor.patching.diagnosis import Applicable, diagnose
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.receipts import Receipt


def is_stale(receipt: Receipt, version: str, found: bytes, known: Iterable[Patch]) -> bool:
    """Say whether a file has the bug of every patch of its receipt again, so that nothing is left to put back."""
    by_name = {patch.name: patch for patch in known}
    return all(name in by_name and diagnose(by_name[name], version, found) == Applicable() for name in receipt.patches)
