"""What each verdict says of a node, as a sentence."""

from __future__ import annotations

from typing import Final

from verl_doctor.examine import Report, failed
from verl_doctor.model import Verdict

SENTENCES: Final = {
    Verdict.HEALTHY: "This node can run verl with vLLM, as far as its files and driver tell.",
    Verdict.DEGRADED: "This node can run verl, but not as well as it should.",
    Verdict.BROKEN: "This node cannot run verl as it is.",
    Verdict.UNKNOWN: "Whether this node can run verl could not be judged.",
}
TRIED: Final = "This node runs verl's rollouts: a real one gave the right answers."
"""Instead, where a smoke test saw it."""
TRIED_OWN: Final = "This node runs verl's rollouts: a real one of your model agreed with the model's own forward pass."
"""Instead, where it was tried with a user's own model, whose right answers nobody knows."""
EXCUSED: Final = "Nothing stands in the way of verl but what you allowed."
"""Instead, where something is not counted because the user, or a policy, says so."""


def sentence(report: Report) -> str:
    """Return what the verdict says of the node."""
    is_excused = any(each.allowed and failed(each) for each in report.results)
    return EXCUSED if report.verdict is Verdict.HEALTHY and is_excused else SENTENCES[report.verdict]
