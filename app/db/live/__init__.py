"""Which versions are live and were: what pages and lists tell of models."""
