"""What metrics were over time, for pages."""
