"""Says what a bash script starts, without running it: a real grammar, and what can be known of its variables."""
