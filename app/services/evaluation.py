"""YOURS TO EDIT: what counts as the truth."""

LABEL = "transit_minutes"
"""The column of an imported CSV that holds the truth."""

Label = float
"""The type of the truth, in the unit of the prediction: here minutes."""
