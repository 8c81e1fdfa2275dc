"""Imports modules of the target in children of its own interpreter, each with a deadline: never in ours."""
