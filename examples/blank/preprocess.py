"""From input objects to the rows a model gets.

``FEATURES`` names the columns in order. A model version may take fewer: it is registered with the names it
was trained on, and gets those columns only. Keep what an old version needs until it is gone for good.

``preprocess`` gets valid input objects, many at a time, and returns one row for each, in their order, each as
long as ``FEATURES``. A value is a number, a text, true, false or None (missing). The same input must always
make the same row, whatever stands beside it, since its prediction is kept. It is plain synchronous code.
Raise InvalidInput (app.core.errors) for an input that cannot be predicted; anything else is answered 500.

This file and all that it imports are part of every prediction's key: a change makes predictions anew. So is a
file that it reads, if ``DATA_FILES = ("encoder.json",)`` lists it: docs/your-own-model.md, "What counts".
``preprocess(items, context)`` is told the version, too: app/schemas/context.py.
"""

from collections.abc import Sequence

from app.schemas.rows import Row
from examples.blank.input_object import InputObject

FEATURES: tuple[str, ...] = ()


def preprocess(items: Sequence[InputObject]) -> list[Row]:
    """One row per item."""
    return [[] for _ in items]
