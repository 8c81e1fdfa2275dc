"""The whole job on a sandbox with real vLLM sources, on any machine."""
