"""A model version as inference needs it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True)
class Deployment:
    """One model version and where it is hosted. What an ``id`` stands for never changes.

    ``options`` are those of the backend, without secrets; ``features`` name the columns of a row in order.
    """

    id: int
    model: str
    version: str
    backend: str
    options: Mapping[str, JsonValue]
    features: tuple[str, ...]
