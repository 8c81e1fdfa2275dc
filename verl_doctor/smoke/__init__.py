"""A real rollout with the installed vLLM: a parent that never hangs, and a child in the target's own interpreter."""
