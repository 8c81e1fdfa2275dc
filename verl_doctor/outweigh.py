"""What was seen to work goes before what files only speak against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from verl_doctor.facts.imports import Import
from verl_doctor.model import Failed, Result, Unavailable


def outweighed(result: Result, imports: Mapping[str, Import] | Unavailable) -> Result:
    """Return a result one step milder where each of its findings rules out an import that was seen to work."""
    if isinstance(imports, Unavailable) or not isinstance(result.outcome, Failed) or result.allowed:
        return result
    works = {name for name, seen in imports.items() if seen.outcome == "works"}
    refuted = [finding.prevents & works for finding in result.outcome.findings]
    if not all(refuted):
        return result
    names = " and ".join(sorted(frozenset().union(*refuted)))
    return replace(result, severity=result.severity.milder, outweighed=f"importing {names} works here")
