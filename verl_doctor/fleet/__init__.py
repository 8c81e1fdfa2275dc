"""Several nodes at once: what differs between them, and examining each through Ray."""
