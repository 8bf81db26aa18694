"""Prediction jobs on the wire."""

from datetime import datetime
from typing import Literal, Self, TypeAlias

from pydantic import Field, JsonValue, model_validator

from app.schemas.ids import Name, RecordIdText
from app.schemas.numbers import Thousandths
from app.schemas.records.imports import FileFormat
from app.schemas.records.records import Moment
from app.schemas.values.closed import Closed
from app.schemas.values.guesses import MOST_CONDITIONS, WantedValue
from app.schemas.values.wire import Documented, Wire

JobState: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
Engine: TypeAlias = Literal["pipeline", "sagemaker-batch-transform"]


class PredictionJobRequest(Documented, Closed):
    """Which records to predict: exactly one of `ids`, `all`, or a filter of `where`, `since` and `until`."""

    model: Name | None = None
    """Default: the setting DEFAULT_MODEL."""
    version: Name | None = None
    """Default: the live one, when the job is asked for; a later promotion does not change the job."""
    ids: list[RecordIdText] | None = None
    """Ids of records, each predicted once. One that is not stored fails alone."""
    all: Literal[True] | None = None
    """Every stored record."""
    where: dict[str, WantedValue] | None = Field(default=None, min_length=1, max_length=MOST_CONDITIONS)
    """Records whose input has these values."""
    since: Moment | None = None
    """Records whose `time_field` is at or after it."""
    until: Moment | None = None
    """Records whose `time_field` is before it."""
    time_field: str | None = None
    """A time or day in the input, or `observed_at`, for `since` and `until`; default what evaluation.py
    says."""
    engine: Engine = "pipeline"
    """Through the model's endpoint and the cache, or by a batch transform job of SageMaker."""
    store_as: FileFormat | None = None
    """Also write the results to the storage, as an object of this format, once the job is done."""

    @property
    def has_window(self) -> bool:
        return self.since is not None or self.until is not None

    @model_validator(mode="after")
    def _records_are_chosen_in_one_way(self) -> Self:
        ways = (self.ids is not None, self.all is not None, self.where is not None or self.has_window)
        if sum(ways) != 1:
            raise ValueError("give exactly one of ids, all, or a filter (where, since, until)")
        if self.time_field is not None and not self.has_window:
            raise ValueError("time_field needs since or until")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("the window is empty: since must be before until")
        return self


class JobFilter(Wire):
    """What a job was asked for, but for its ids, of which there may be very many."""

    all: Literal[True] | None = None
    where: dict[str, JsonValue] | None = None
    since: datetime | None = None
    until: datetime | None = None
    time_field: str | None = None
    store_as: FileFormat | None = None


class PredictionJob(Documented):
    """A job and how far it is.

    `predicted`, `hits` and `failed` grow by whole chunks of 1,000 `records`; `hits` counts those of
    `predicted` that had been predicted before. A job is done although records failed: their results say why.
    It is failed where a chunk could not be finished, and `error` says why. `error` also says why a done job
    has no `result`.
    """

    id: int
    model: str
    version: str
    engine: Engine
    request: JobFilter
    state: JobState
    records: int
    predicted: int
    hits: int
    failed: int
    without_time: int
    """Records that the window left out because their time cannot be read."""
    unfit: int
    """Records that a filter or `all` left out because they lack a field that InputObject requires, as those
    of another use case."""
    warning: str | None
    """Says so where more than a tenth of the records of a job that has ended failed, and why most did."""
    records_per_second: Thousandths | None
    """Finished records a second, from the start; null before there is one."""
    seconds_left: Thousandths | None
    """At this rate; null unless the job is running."""
    result: str | None
    """The key of the object in the storage that has the results."""
    error: str | None
    created_at: datetime
    started_at: datetime | None
    """Moved on by the length of the pause where a job was resumed."""
    finished_at: datetime | None


class PredictionJobPage(Wire):
    """Jobs, newest first; `next_cursor` is null on the last page."""

    items: list[PredictionJob]
    next_cursor: str | None


class ResultLine(Wire):
    """One record of a job: its prediction, or `error` and `detail`. These are the columns of a CSV, too.

    `content_hash` is the hash of the input that was predicted.
    """

    record_id: str
    prediction: JsonValue
    model: str
    version: str
    revision: str | None
    content_hash: str | None
    computed_at: datetime | None
    error: str | None
    detail: str | None
