"""`verl-doctor patch` on real file systems, on the real files of vLLM 0.7.2.

A file system is a class in `systems/`, a column of the table a function in `questions/`; both are found by import.
"""
