"""What values a caller may give: text, times and numbers that can be taken in one way only."""
