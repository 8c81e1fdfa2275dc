"""A report as one page: no script, nothing loaded from elsewhere, drawn where a drawing says more than a list."""
