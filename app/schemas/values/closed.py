"""Objects that a caller sends, none of whose members is passed over in silence."""

from pydantic import ConfigDict, model_validator

from app.schemas.values.guesses import Raw
from app.schemas.values.wire import Wire

MOST_UNKNOWN = 100
"""Members beyond those there are: each would be a fault of its own, made before any is listed."""


def crowded(given: Raw, most: int) -> str | None:
    """What is wrong with an object that has more members than anybody means, before they are looked at."""
    if isinstance(given, dict) and len(given) > most:
        return f"has {len(given)} members, far more than there are"
    return None


class Closed(Wire):
    """A model that refuses unknown members; very many with one fault for all."""

    model_config = ConfigDict(extra="forbid", defer_build=False)

    @model_validator(mode="before")
    @classmethod
    def _members_are_few(cls, given: Raw) -> Raw:
        if fault := crowded(given, len(cls.model_fields) + MOST_UNKNOWN):
            raise ValueError(fault)
        return given
