"""The service and its peers side by side: ``make bench``, or ``python -m benchmarks.speed --only hits``."""
