"""What may differ between nodes, one kind a module, found by import. The ids order them by what matters first.

A module's `observe` yields what one node has, each thing with its value; its parameters are the facts that it needs.
"""
