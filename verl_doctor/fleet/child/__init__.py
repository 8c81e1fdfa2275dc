"""Runs in the examined environment's own interpreter, the one whose Ray fits the cluster; imports only Ray."""
