"""What each release of verl and vLLM can be told, as data from the published wheels."""
