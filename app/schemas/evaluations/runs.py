"""Evaluation runs and their metrics on the wire."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from app.schemas.ids import Name
from app.schemas.records.records import Moment
from app.schemas.values.closed import Closed
from app.schemas.values.guesses import MOST_CONDITIONS, WantedValue
from app.schemas.values.wire import Documented, Wire

State: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
Kind: TypeAlias = Literal["quality", "drift", "attribution_drift", "report"]
Bucket: TypeAlias = Literal["day", "week", "month"]


Once = AfterValidator(lambda names: list(dict.fromkeys(names)))
"""What is named twice is meant once."""


class Reference(Documented, Closed):
    """The window of time that drift is measured from."""

    since: Moment
    until: Moment
    """The window ends before it."""

    @model_validator(mode="after")
    def _window_is_not_empty(self) -> Self:
        _require_order(self.since, self.until, "reference window")
        return self


class EvaluationRequest(Documented, Closed):
    """What to judge: a version's predictions for the labelled records of a window of time.

    Or, of the kind `drift`, how far the inputs and predictions of the window, labelled or not, are from those
    of the reference; of the kind `attribution_drift`, whether features contribute to predictions as they did
    there, by a version that has an explainer.
    """

    kind: Literal["quality", "drift", "attribution_drift"] = "quality"
    model: Name | None = None
    """Default: the setting DEFAULT_MODEL."""
    version: Name | None = None
    """Default: the live one, when the run is asked for."""
    time_field: str | None = None
    """A timestamp or date field of the input, or `observed_at`; default what evaluation.py says."""
    since: Moment | None = None
    until: Moment | None = None
    """The window ends before it."""
    where: dict[str, WantedValue] = Field(default_factory=dict, max_length=MOST_CONDITIONS)
    """Only records whose input has these values."""
    slices: Annotated[list[str], Once] | None = None
    """Default: all that evaluation.py names."""
    metrics: Annotated[list[str], Field(min_length=1), Once] | None = None
    """Default: those that evaluation.py names."""
    bucket: Bucket | None = None
    """Also judge each day, week or month of the window (UTC)."""
    reference: Reference | None = None
    """For drift of both kinds, and only there. It goes by the same `time_field` and `where`."""

    @property
    def is_by_time(self) -> bool:
        """Whether records need a time to be judged."""
        return any(one is not None for one in (self.since, self.until, self.bucket, self.reference))

    @model_validator(mode="after")
    def _window_is_not_empty(self) -> Self:
        if self.since is not None and self.until is not None:
            _require_order(self.since, self.until, "window")
        return self

    @model_validator(mode="after")
    def _fields_fit_the_kind(self) -> Self:
        if self.kind == "quality" and self.reference is not None:
            raise ValueError("only a run of the kind drift or attribution_drift takes a reference")
        if self.kind == "quality":
            return self
        if self.reference is None:
            raise ValueError(f"a run of the kind {self.kind} needs a reference: its since and until")
        if self.slices is not None or self.metrics is not None:
            raise ValueError(
                f"a run of the kind {self.kind} takes no slices or metrics: it measures every feature"
            )
        return self


def _require_order(since: datetime, until: datetime, what: str) -> None:
    if since >= until:
        raise ValueError(f"the {what} is empty: since must be before until")


class MetricValue(Wire):
    """A metric of one group. `value` is null where it is undefined, and `reason` says why.

    `slice` is empty for all records, else `name=value`; `bucket` is empty for the whole window. `low` and
    `high` are the 95% bootstrap interval. `small` marks groups too small to decide from.
    """

    metric: str
    slice: str
    bucket: str
    value: float | None
    reason: str | None
    low: float | None
    high: float | None
    n: int
    small: bool


class Run(Documented):
    """A run and how far it is. `records` counts those of the window, `labelled` the ones with a truth,
    `failed` the ones that could not be predicted; drift counts both its windows."""

    id: int
    kind: Kind
    model: str
    version: str
    state: State
    request: EvaluationRequest
    records: int
    labelled: int
    predicted: int
    failed: int
    without_time: int
    """Records that a window or buckets left out because their time cannot be read; of a quality run the
    labelled ones."""
    unfit: int
    """Records left out because they lack a field that InputObject requires, as those of another use case;
    of a quality run the labelled ones."""
    warning: str | None
    """Says so where more than a tenth of the records failed, and why most of them did."""
    error: str | None
    """Why the run failed, or why a finished one has no report."""
    report: str | None
    """The key of its CSV in the storage."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class AnsweredBy(Wire):
    """How many of the predictions one revision made, under the platform's name for it if it gave one."""

    revision: str
    variant: str | None
    records: int


class Evaluation(Run):
    """A run with what it found. Where several revisions answered, `metrics` has a slice `answered_by=...` for
    each, too."""

    metrics: list[MetricValue]
    answered_by: list[AnsweredBy]


class ListedEvaluation(Run):
    """A run with its headline: the metrics of all records in the whole window that have an interval."""

    headline: list[MetricValue]


class EvaluationPage(Wire):
    """Evaluations, newest first; `next_cursor` is null on the last page."""

    items: list[ListedEvaluation]
    next_cursor: str | None


@dataclass(frozen=True)
class EvaluationSearch:
    """Which evaluations to list; None does not narrow."""

    state: State | None = None
    kind: Kind | None = None
    model: str | None = None
    version: str | None = None


class ComparedMetric(Wire):
    """A metric of both runs on the records they share; `difference` is b's less a's, with its interval."""

    metric: str
    slice: str
    bucket: str
    n: int
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: Literal["better", "worse", "same", "undecided"]
    reason: str | None


class Comparison(Wire):
    """Whether b is better than a, record by record."""

    a: int
    b: int
    shared: int
    metrics: list[ComparedMetric]
