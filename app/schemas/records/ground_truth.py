"""Which calls a file of truths is about."""

from typing import Self

from pydantic import model_validator

from app.schemas.ids import Name
from app.schemas.records.records import Moment
from app.schemas.values.closed import Closed


class TruthFilter(Closed):
    """The calls of a model's versions whose answers were computed in a window."""

    model: Name
    since: Moment
    until: Moment | None = None
    """Excluded."""

    @model_validator(mode="after")
    def _window_is_open(self) -> Self:
        if self.until is not None and self.since >= self.until:
            raise ValueError("the window is empty: since must be before until")
        return self
