"""The patches that matter here, and their states."""

from __future__ import annotations

from typing import Final

from verl_doctor.facts.patches import PatchState
from verl_doctor.preflight.result import Patching
from verl_doctor.report.html.marks import mark
from verl_doctor.report.html.markup import Markup, section, tag

_WORDS: Final = {
    "applied": ("passed", "applied"),
    "applicable": ("warning", "to be applied"),
    "unrecognised": ("failed", "not recognised"),
}


def table(patches: Patching) -> Markup | None:
    """Return a row for each; None where none matters."""
    rows = [_row(name, state) for name, state in patches.states.items() if state.state in _WORDS]
    refused = [tag("p", f"Refused: {patches.refusal.reason}", class_="lead")] if patches.refusal else []
    changed = [tag("p", "Changed now:"), tag("ul", [tag("li", tag("code", file)) for file in patches.changed])]
    if not rows and not refused:
        return None
    return section("Patches", refused, tag("ul", rows, class_="patches"), changed if patches.changed else None)


def _row(name: str, state: PatchState) -> Markup:
    kind, word = _WORDS[state.state]
    if state.state == "applicable" and state.only_where:
        kind, word = "skipped", f"only where {state.only_where}"
    reason = f"{word}: {state.reason}" if state.reason else word
    return tag(
        "li", mark(kind), tag("span", tag("b", name), tag("small", state.id), class_="name"), tag("span", reason)
    )
