"""What a caller sends, as it comes."""
