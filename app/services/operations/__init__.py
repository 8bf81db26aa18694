"""What workers do of operations, and what callers are told of them."""
