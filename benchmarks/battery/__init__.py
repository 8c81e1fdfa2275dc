"""Patch tools, put through one battery on the real files of vLLM 0.7.2.

A tool is a class in `tools/`, a row of the table a function in `rows/`; both are found by import.
"""
