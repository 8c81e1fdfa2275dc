"""What there is to read about each check, known failure and patch: one entry a name, from the same place as `check`."""
