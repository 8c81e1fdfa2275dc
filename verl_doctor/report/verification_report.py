"""What came of trying patches on their own examples, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from verl_doctor import SCHEMA_VERSION, __version__
from verl_doctor.facts.broken_patches import Broken
from verl_doctor.patching.verify import Verification
from verl_doctor.report.hang import hang


def text(verified: Sequence[Verification], broken: Sequence[Broken], *, width: int | None = None) -> str:
    """Return a line for each patch, with its problems below it; lines of a diff stay whole."""
    lines = []
    for each in verified:
        word = "fails" if each.problems else "holds"
        lines.append(_line(f"{word}  {each.patch.id}  {each.patch.name}: {each.tried} sources tried", width))
        for problem in each.problems:
            said, *diff = problem.splitlines()
            lines += [_line(f"       {said}", width), *(f"         {line}\n" for line in diff)]
    lines += [_line(f"fails  {each.origin}: {each.reason}", width) for each in broken]
    return "".join(lines)


def _line(text: str, width: int | None) -> str:
    return hang(text, 9, width) + "\n"


def render(verified: Sequence[Verification], broken: Sequence[Broken], exit_code: int) -> str:
    """Return the same as one JSON object."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "verl-doctor", "version": __version__},
        "verified": [
            {"id": each.patch.id, "name": each.patch.name, "tried": each.tried, "problems": list(each.problems)}
            for each in verified
        ],
        "broken": [asdict(each) for each in broken],
        "exit_code": exit_code,
    }
    return json.dumps(document, indent=2) + "\n"
