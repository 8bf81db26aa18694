"""What was measured: the arithmetic, and how it is told."""
