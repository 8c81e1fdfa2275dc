"""What is the case on a node: one collector a module, named as its field in `Facts`."""
