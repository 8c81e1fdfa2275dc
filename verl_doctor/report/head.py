"""How every JSON report begins."""

from __future__ import annotations

from typing import Any

from verl_doctor import SCHEMA_VERSION, __version__
from verl_doctor.target import Target


def head(target: Target) -> dict[str, Any]:
    """Return the contract's version, the tool, and what was examined."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "verl-doctor", "version": __version__},
        "target": {
            "python": target.python,
            "prefix": target.prefix,
            "version": target.version,
            "kind": target.kind,
            "root": target.root,
        },
    }
