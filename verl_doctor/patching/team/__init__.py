"""A team's own patches: finding them, loading them safely, and whether one can be used."""
