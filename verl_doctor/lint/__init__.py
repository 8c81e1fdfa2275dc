"""Judges launch scripts and configurations against the versions that they are meant for."""
