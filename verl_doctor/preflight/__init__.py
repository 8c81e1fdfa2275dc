"""Everything that must be right before a job starts, as one report: check, patches and a smoke test under a policy."""
