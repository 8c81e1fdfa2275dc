"""What runs in the target's interpreter and imports one module there; nothing else of verl-doctor is loaded."""
