"""The example's use case, with a preprocess that never ends with what the carrier XX delivers."""
