"""Contents that are computed later, as operations: single flight that outlives processes."""
