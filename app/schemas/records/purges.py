"""Which records to delete, and how many there were."""

from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from app.schemas.ids import MAX_RECORD_ID
from app.schemas.records.records import Moment
from app.schemas.values.closed import Closed
from app.schemas.values.guesses import MOST_CONDITIONS, WantedValue
from app.schemas.values.wire import Documented


class PurgeFilter(Documented, Closed):
    """The records that all of this is true of; it needs at least one condition."""

    where: dict[str, WantedValue] | None = Field(default=None, min_length=1, max_length=MOST_CONDITIONS)
    """The input has these values."""
    since: Moment | None = None
    """Its `time_field` is at or after it."""
    until: Moment | None = None
    """Its `time_field` is before it."""
    time_field: str | None = None
    """A time or day in the input, or `observed_at`; default what evaluation.py says."""
    prefix: str | None = Field(default=None, min_length=1, max_length=MAX_RECORD_ID)
    """The id starts with it."""
    unfit: bool = False
    """It lacks a field that InputObject requires, as those of another use case do."""

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        has_window = self.since is not None or self.until is not None
        if not (has_window or self.where or self.prefix or self.unfit):
            raise ValueError("give at least one of where, since, until, prefix and unfit")
        if self.time_field is not None and not has_window:
            raise ValueError("time_field needs since or until")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("the window is empty: since must be before until")
        return self


@dataclass(frozen=True)
class PurgeCounts:
    """Records, and how many of them had a truth."""

    records: int
    labels: int
