"""Exchanging files as one, so that all change or none."""
