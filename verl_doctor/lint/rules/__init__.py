"""What data cannot say about a launch: one rule a module.

A rule declares ID, NAME and SEVERITY, and a function `ask` that takes a launch and the facts (of which only the
versions may be known) and yields a fault for each setting that is wrong. Its docstring is its documentation.
"""
