"""Predictions on the wire."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StrictBool, model_validator

from app.schemas.ids import Name
from app.schemas.numbers import Thousandths
from app.schemas.problem import FieldProblem
from app.schemas.records.records import AnyInput
from app.schemas.values.closed import Closed
from app.schemas.values.wire import Documented, Wire


class Prediction(Wire):
    """One prediction and where it came from. `content_hash` is the hash of the input it was made from."""

    record_id: str
    content_hash: str
    prediction: JsonValue
    cached: bool
    model: str
    version: str
    revision: str
    computed_at: datetime


class BatchRequest(Documented, Closed):
    """Either ids of stored records, or input objects to store and predict."""

    record_ids: list[str] | None = None
    inputs: list[AnyInput] | None = None
    model: Name | None = None
    """Default: the setting DEFAULT_MODEL."""
    version: Name | None = None
    """Default: the live one."""
    refresh: StrictBool = False
    """Infer anew, and supersede what is cached."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.record_ids is None) == (self.inputs is None):
            raise ValueError("give record_ids or inputs, one of them")
        return self


class ItemProblem(Wire):
    """Why one item failed, as the problem that a request for it alone would answer."""

    type: str
    title: str
    detail: str
    errors: list[FieldProblem] | None = None
    retry_after: Thousandths | None = None
    """Seconds to wait before another try, where the platform is busy."""


class PredictedItem(Prediction):
    """An item that succeeded."""

    status: Literal[200] = 200
    cache: Literal["HIT", "MISS", "COALESCED", "STALE"]


class AcceptedPrediction(Wire):
    """A prediction that is computed, and answered later: `GET` the location until its `state` is `done`."""

    record_id: str
    operation_id: int
    location: str
    retry_after: Thousandths
    """Seconds."""


class AcceptedItem(AcceptedPrediction):
    """An item that is answered later."""

    status: Literal[202] = 202


class FailedItem(Wire):
    """An item that failed; the others did not. `record_id` is null for an input that could not be stored."""

    status: Annotated[int, Field(ge=400, le=599)]
    record_id: str | None
    problem: ItemProblem


class BatchAnswer(Wire):
    """One item per id or input, in their order."""

    items: list[PredictedItem | AcceptedItem | FailedItem]


class LoggedPrediction(Documented):
    """A row of the prediction history. It is the cache's answer for its key while `superseded_at` is null.

    A `revision` that begins with `pending:` says that nobody knows which one made it.
    """

    id: int
    record_id: str
    content_hash: str
    model: str
    version: str
    revision: str
    variant: str | None
    """The name that the platform's reply gave for what answered, such as a production variant."""
    source_id: int | None
    """The prediction that this one was copied from: another record's, with the same content."""
    pipeline_version: str
    prediction: JsonValue
    raw_output: JsonValue
    latency_ms: Thousandths
    computed_at: datetime
    expires_at: datetime | None
    """By the PREDICTION_TTL when it was computed; what counts is that of the process that is asked."""
    superseded_at: datetime | None
    inference_id: str | None
    """What the call was called towards the platform, where it has such a name (SageMaker's InferenceId). Of a
    copy its source has it."""
    inference_position: int | None
    """The row's place in that call, from 0; null for a key with a record prefix."""
    custom_attributes: str | None
    """What the model said beside its outputs (SageMaker's CustomAttributes); null for a key with a record
    prefix, whose records may have shared the call with others."""


class PredictionPage(Wire):
    """Predictions, newest first; `next_cursor` is null on the last page."""

    items: list[LoggedPrediction]
    next_cursor: str | None
