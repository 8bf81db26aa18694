"""Batch transform: models that run on objects of S3, without an endpoint."""
