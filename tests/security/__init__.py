"""Hostile callers, models and files, for as long as it takes to see that nothing gives way (make test-security)."""
