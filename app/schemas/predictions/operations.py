"""Predictions that are answered later, on the wire."""

from datetime import datetime
from typing import Literal

from app.schemas.predictions.predictions import ItemProblem, Prediction
from app.schemas.values.wire import Documented

OperationState = Literal["queued", "running", "done", "failed"]


class PredictionOperation(Documented):
    """A prediction that is answered later. When it is done it has the `prediction`, when it has failed the
    `problem`."""

    id: int
    state: OperationState
    record_id: str
    """The record that it was begun for; others with the same content may wait for it, too."""
    content_hash: str
    model: str
    version: str
    created_at: datetime
    submitted_at: datetime | None
    """When the platform took it, where that answers later."""
    finished_at: datetime | None
    prediction_id: int | None
    """Its row in the history of predictions."""
    prediction: Prediction | None
    """Null until it is done, and once it is no longer stored."""
    problem: ItemProblem | None
    """Why it failed, as the problem that a caller who waited was answered."""
