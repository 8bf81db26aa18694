"""Requests made from the service's own document, by schemathesis, to a service that runs."""
