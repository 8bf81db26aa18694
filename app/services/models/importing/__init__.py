"""Thousands of versions at once, from what lies below a prefix of a bucket."""
