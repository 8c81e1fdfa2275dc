"""What tests of recipes need."""

from __future__ import annotations

from tests.examples.sandbox import sandbox

__all__ = ["sandbox"]
