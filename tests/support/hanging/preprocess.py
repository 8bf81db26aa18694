"""The example's, but for one carrier."""

import time
from collections.abc import Sequence

from app.schemas.rows import Row
from examples.transit import preprocess as example
from examples.transit.input_object import InputObject

FEATURES = example.FEATURES


def preprocess(items: Sequence[InputObject]) -> list[Row]:
    """Never, if there is an order of XX among them."""
    if any(item.carrier == "XX" for item in items):
        time.sleep(10**6)
    return example.preprocess(items)
