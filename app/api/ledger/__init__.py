"""What was answered, and what inferences cost."""
