"""What each verdict says of a node, as a sentence."""

from __future__ import annotations

from typing import Final

from verl_doctor.model import Verdict

SENTENCES: Final = {
    Verdict.HEALTHY: "This node can run verl with vLLM, as far as its files and driver tell.",
    Verdict.DEGRADED: "This node can run verl, but not as well as it should.",
    Verdict.BROKEN: "This node cannot run verl as it is.",
    Verdict.UNKNOWN: "Whether this node can run verl could not be judged.",
}
TRIED: Final = "This node runs verl's rollouts: a real one gave the right answers."
"""Instead, where a smoke test saw it."""
