"""preprocess -> inference -> postprocess for a batch. Knows no database.

A failing item fails alone: where the user's code fails on a batch, it is tried again item by item.
"""

from app.services.pipeline.batch import Computed, Outcome
from app.services.pipeline.code import first_fit, require_features, to_outputs, to_rows
from app.services.pipeline.pieces import run
from app.services.pipeline.stages import Stages

__all__ = [
    "Computed",
    "Outcome",
    "Stages",
    "first_fit",
    "require_features",
    "run",
    "to_outputs",
    "to_rows",
]
