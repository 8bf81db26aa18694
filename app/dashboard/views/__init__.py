"""What pages show of what services found: figures, and what is said around them."""
