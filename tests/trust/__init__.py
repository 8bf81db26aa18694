"""What the cache promises, held against random interleavings of everything that happens around it."""
