"""Explanations on the wire."""

from datetime import datetime

from app.schemas.hosting.explained import ExplainedNumber
from app.schemas.values.wire import Documented


class Explanation(Documented):
    """What each feature contributed to the model's output: with `base_value` they add up to `explains`.

    Of a model with several numbers, as one for each class, each of these is a list, in the model's order.
    """

    explainer: str
    """What made it."""
    base_value: ExplainedNumber
    """What the model answers where nothing is known of the record: by the explainer's baseline."""
    contributions: dict[str, ExplainedNumber]
    """By feature."""
    explains: ExplainedNumber
    """The model's own output, before postprocess; or what it is made from, as the logit of a probability."""
    labels: list[str] | None = None
    """Names of the numbers, where the explainer gives some."""
    computed_at: datetime
