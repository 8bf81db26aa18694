"""Hostile callers, models and files: make test-security."""
