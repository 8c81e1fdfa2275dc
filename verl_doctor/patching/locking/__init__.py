"""Keeping two writers apart, on one node and on several."""
