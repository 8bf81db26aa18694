"""The example's use case, with a preprocess that quotes what it was given where it fails."""
