"""Proves that the cures of naive installs lead to something that can be installed.

    python tools/prove_cures.py

For each row of tests/data/naive_installs.csv, as it is and without its tensordict, the cure of the primary cause is
followed until no error is left (tests/test_naive_installs.py does that, too); then uv resolves the versions that came
out, for Linux x86-64 and the row's Python, wheels only. Nothing is installed; it takes minutes. The exit status is 1
where one does not resolve.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.test_naive_installs import NAMES, ROWS, facts_after
from tools.prove_stacks import resolve
from verl_doctor.facts.packages import Distribution
from verl_doctor.model import Unavailable

GLIBC = "2.31"


def main() -> int:
    """Resolve each different outcome once, and print what came of it."""
    refusals: dict[tuple[str, ...], str | None] = {}
    for row, lacking in product(ROWS, ("", "tensordict")):
        pins = tuple(f"{name}=={version}" for name, version in _versions(row, lacking).items())
        key = (row["python"], *pins)
        if key not in refusals:
            refusals[key] = resolve(pins, NAMES, row["python"], GLIBC)
            print(f"Python {' '.join(key)}: {refusals[key] or 'resolves'}", flush=True)
    broken = sum(refusal is not None for refusal in refusals.values())
    print(f"{len(refusals)} outcomes of {2 * len(ROWS)} starts, {broken} of which do not resolve")
    return int(bool(broken))


def _versions(row: dict[str, str], lacking: str) -> dict[str, str]:
    packages = facts_after(row, lacking).packages
    assert not isinstance(packages, Unavailable)
    found: dict[str, Distribution] = {name: packages[name] for name in NAMES}
    return {name: distribution.version for name, distribution in found.items()}


if __name__ == "__main__":
    sys.exit(main())
