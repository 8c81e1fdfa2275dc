"""Reads a training log: which known failure it shows, what only follows from that, and what nobody knows."""
