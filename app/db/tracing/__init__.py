"""Spans of statements, where this process traces: their kind and their tables, never their text or values."""
