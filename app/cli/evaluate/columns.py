"""What tables of metrics have, and what they say once where a terminal is narrow."""

FOUND = ("metric", "slice", "bucket", "value", "low", "high", "n", "small", "reason")
RUN = ("evaluation_id", "model", "version", "finished_at")
GROUP = ("slice", "bucket")
COMPARED = ("metric", "slice", "bucket", "n", "a", "b", "difference", "low", "high", "verdict", "reason")
