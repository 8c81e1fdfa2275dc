"""The engine behind `patch`: diagnose, plan, write, revert; the only writer into other packages.

Patch ──diagnose──► state          (known contents first; libcst only for a content nobody has seen)
Patch ──plan──────► Plan           (every diagnosis before the first write)
Plan  ──carry out─► files, RECORD, receipt   (one transaction with a journal, under a lock)
"""
