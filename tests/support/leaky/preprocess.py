"""The example's, but for one carrier."""

from collections.abc import Sequence

from app.schemas.rows import Row
from examples.transit import preprocess as example
from examples.transit.input_object import InputObject

FEATURES = example.FEATURES


def preprocess(items: Sequence[InputObject]) -> list[Row]:
    """As most code does: what it cannot read it quotes."""
    for item in items:
        if item.carrier.startswith("canary"):
            raise ValueError(f"cannot read {item!r}")
    return example.preprocess(items)
