"""Advice on what to install: for a machine and a wish, the stacks that fit, why, and the commands."""
