"""Reports as text and data: one renderer a format, each a pure function of the report."""
