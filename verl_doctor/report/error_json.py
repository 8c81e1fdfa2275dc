"""What a command that writes JSON says where it has no answer: the contract of `schema_version` 1."""

from __future__ import annotations

import json

from verl_doctor import SCHEMA_VERSION, __version__
from verl_doctor.errors import Failure


def render(failure: Failure) -> str:
    """Return how a command failed as one JSON object."""
    whole = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "verl-doctor", "version": __version__},
        "error": {"message": failure.whole, "kind": failure.kind},
        "exit_code": failure.exit_code,
    }
    return json.dumps(whole, indent=2)
