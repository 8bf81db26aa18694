"""Feast's feature server with predictions as features, in its default online store, SQLite."""
