"""Turns by weight."""

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Turns(Generic[K]):
    """Whose turn it is, so that each gets its part of any few calls in a row: SageMaker draws lots, and a
    test that counts would fail now and then."""

    def __init__(self) -> None:
        self._owed: dict[K, float] = {}

    def next(self, weights: Mapping[K, float]) -> K | None:
        """The one that is owed most; None where nobody has a weight."""
        if not any(weights.values()):
            return None
        self._owed = {key: self._owed.get(key, 0.0) + weight for key, weight in weights.items()}
        chosen = max((key for key in weights if weights[key]), key=lambda key: self._owed[key])
        self._owed[chosen] -= sum(weights.values())
        return chosen
