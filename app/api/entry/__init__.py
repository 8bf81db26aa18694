"""What stands before the framework: who is let in, and the quick way of single predictions."""
