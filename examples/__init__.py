"""Use cases to learn from. ``python -m app init --example NAME`` copies one to the four files."""
