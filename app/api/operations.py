"""Predictions that are answered later."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.api.access.scopes import PREDICT
from app.api.deps import ReadingDep
from app.api.http.problems import item_problem, responses
from app.api.http.strict_route import StrictRoute
from app.schemas.ids import RowId
from app.schemas.predictions.operations import PredictionOperation
from app.schemas.predictions.predictions import Prediction
from app.services.operations import reading
from app.services.operations.reading import FoundOperation

router = APIRouter(prefix="/operations", tags=["predictions"], route_class=StrictRoute)


@router.get(
    "/{operation_id}",
    summary="Get a prediction that is answered later",
    responses=responses(),
    dependencies=[PREDICT],
)
async def get_operation(
    operation_id: Annotated[RowId, Path()], sessions: ReadingDep, response: Response
) -> PredictionOperation:
    """Where a prediction stands that was answered 202: once it is `done` it is here, once it has `failed` the
    reason is. Until then `Retry-After` says when to look again. It is kept for a week after its end."""
    found = await reading.get(sessions, operation_id)
    if found.row.finished_at is None:
        response.headers["Retry-After"] = str(reading.retry_after(found.row))
    return told(found)


def told(found: FoundOperation) -> PredictionOperation:
    """An operation as callers are told of it."""
    row, failure = found.row, found.failure
    own = {name: getattr(row, name) for name in PredictionOperation.model_fields if hasattr(row, name)}
    return PredictionOperation.model_validate(
        own
        | {"model": found.model, "version": found.version}
        | {"prediction": _prediction(found), "problem": None if failure is None else item_problem(failure)}
    )


def _prediction(found: FoundOperation) -> Prediction | None:
    if (row := found.prediction) is None:
        return None
    return Prediction(
        record_id=row.record_id,
        content_hash=row.content_hash,
        prediction=row.output,
        cached=False,
        model=found.model,
        version=found.version,
        revision=row.revision,
        computed_at=row.computed_at,
    )
