"""The probes, one a module: `run(context)` returns measurements, or raises what went wrong."""
