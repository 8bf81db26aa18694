"""Predictions that come with what each feature contributed to them."""
