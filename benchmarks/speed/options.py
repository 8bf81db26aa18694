"""What the measured features of the service are called. An empty one is not there yet, and is left out."""

IN_PROCESS_LAYER: dict[str, str] = {"MEMORY_RECORDS": "100000", "MEMORY_SECONDS": "600"}
"""Settings that switch the in-process layer on. Of 10,000 records hardly one is asked for twice a second."""
JOINED_ROWS: dict[str, object] = {"batch_delay_ms": 2, "batch_rows": 64}
"""Options of a version that join misses into calls of several rows."""
