"""verl-doctor: can this node run verl, and if not, what is the one cause and the exact cure."""

__version__ = "0.1.0"

SCHEMA_VERSION = "1"
"""The version of the JSON contract: of reports, and of facts written and read."""
