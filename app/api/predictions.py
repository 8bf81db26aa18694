"""Predict, and search what was predicted."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.api import answers
from app.api.access.scopes import PREDICT, READ
from app.api.deps import (
    CursorQuery,
    LimitQuery,
    PredictorDep,
    ReadingDep,
    RecordId,
    RootPath,
    SessionsDep,
    StaleIfError,
    UseCaseDep,
)
from app.api.entry.noting import NotingDep, PredictionRoute
from app.api.http.bodies import reply
from app.api.http.problems import OF_BODIES, responses
from app.api.receiving.preferences import PreferDep
from app.core.errors import (
    AppError,
    BackendAway,
    BackendDown,
    BackendMissing,
    BackendRefused,
    BackendRejected,
    BackendThrottled,
    BackendTimeout,
    BadOutput,
    BudgetSpent,
    Conflict,
    Misconfigured,
    NotInTime,
    Overloaded,
    TooLarge,
    UserCodeError,
)
from app.core.errors.still_computing import StillComputing
from app.schemas.ids import Name, RecordIdText, RowId
from app.schemas.predictions.predictions import (
    AcceptedPrediction,
    BatchAnswer,
    BatchRequest,
    LoggedPrediction,
    Prediction,
    PredictionPage,
)
from app.schemas.records.records import Moment
from app.services.explanations.explaining import Explaining
from app.services.predictions import history, inline
from app.services.predictions.history import PredictionSearch
from app.services.predictions.predictor import Answer, Ask

router = APIRouter(tags=["predictions"], route_class=PredictionRoute)

FAILURES = (
    *(Conflict, TooLarge, UserCodeError, Misconfigured),
    *(BackendDown, BackendRejected, BackendRefused, BackendMissing, BadOutput),
    *(BackendThrottled, BackendAway, BackendTimeout, NotInTime, Overloaded, BudgetSpent),
)
ACCEPTED: dict[int | str, dict[str, object]] = {
    202: {"model": AcceptedPrediction, "description": "It is computed, and will be where Location says"}
}
ModelQuery = Annotated[Name | None, Query(description="default: the setting DEFAULT_MODEL")]
VersionQuery = Annotated[Name | None, Query(description="default: the live one")]
RefreshQuery = Annotated[bool, Query(description="infer anew, and supersede what is cached")]

ExplainQuery = Annotated[bool, Query(description="with what each feature contributed")]


@router.post(
    "/predict",
    summary="Predict many records now",
    response_model=BatchAnswer,
    responses=responses(Conflict, *OF_BODIES, Misconfigured),
    dependencies=[PREDICT],
)
async def predict_records(
    body: BatchRequest,
    predictor: PredictorDep,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    prefer: PreferDep,
    root: RootPath,
    noting: NotingDep,
    stale_if_error: StaleIfError = None,
) -> Response:
    """Predict many records, or inline input objects, which are stored under an id made from their content.

    Every item has its own status, in the order of the request; a repeated id is inferred once, and items that
    are missing or fail do not spoil the others. `Prefer: wait=5` ends the wait for each after five seconds.
    With `Prefer: respond-async` what is not there has the status 202, and its `location` is where it will be.
    """
    ids: Sequence[str | AppError] = body.record_ids or await inline.store_inputs(
        sessions, use_case, body.inputs or []
    )
    stored = [one for one in ids if isinstance(one, str)]
    ask = prefer.of(Ask(body.model, body.version, body.refresh, stale_if_error))
    found: Mapping[str, Answer | AppError | str]
    with noting.asked("batch", len(ids)):
        if body.explain:
            explained = await Explaining(predictor).predict_many(stored, ask)
            noting.told_together(ids, answers.unexplained(explained))
            found = answers.explained_items(explained)
        else:
            found = await predictor.write_many(stored, ask, answers.HIT)
            own = body.model is None and use_case.model_for is not None
            noting.told_together(ids, found, of_own_models=own)
    applied = prefer.applied(accepted=answers.any_accepted(found))
    return Response(answers.batch(ids, found, root), headers=applied, media_type=answers.JSON)


@router.post(
    "/predict/{record_id:path}",
    summary="Predict a record",
    response_model=Prediction,
    responses=ACCEPTED | responses(*FAILURES),
    dependencies=[PREDICT],
)
async def predict_record(
    record_id: RecordId,
    predictor: PredictorDep,
    prefer: PreferDep,
    root: RootPath,
    noting: NotingDep,
    model: ModelQuery = None,
    version: VersionQuery = None,
    refresh: RefreshQuery = False,
    explain: ExplainQuery = False,
    stale_if_error: StaleIfError = None,
) -> Response:
    """Predict one record, from the cache if it has been predicted before with the same input and model.

    `X-Cache` says HIT, MISS, or COALESCED (another call was already inferring the same), `Age` how many
    seconds ago it was computed. With `Cache-Control: stale-if-error=600` an older answer about the same
    content is given where the platform fails, of a version that was live before if need be: it says STALE.
    With `Prefer: wait=5` a miss is answered with 504 after five seconds, and is computed all the same, for
    the next call; `Preference-Applied` says that it was understood. With `Prefer: respond-async` it is
    answered with 202 and the `Location` of the operation, at once or after a `wait`; versions with the option
    `respond_async` answer so by themselves. With `explain` the answer has an `explanation`: what each feature
    contributed, by a version that has an explainer; it is waited for.
    """
    ask = prefer.of(Ask(model, version, refresh, stale_if_error))
    with noting.asked("request", 1):
        try:
            if explain:
                explained = await Explaining(predictor).predict(record_id, ask)
                answer, body = explained.answer, answers.explained(explained)
            else:
                answer = await predictor.predict(record_id, ask)
                body = answers.single(answer)
        except StillComputing as error:
            return answers.accepted(record_id, error, prefer.applied(accepted=True), root)
    noting.told(answer)
    headers = answers.headers(answer) | prefer.applied()
    return Response(body, headers=headers, media_type=answers.JSON)


@router.get(
    "/predictions",
    response_model=PredictionPage,
    summary="Search the history of predictions",
    responses=responses(),
    dependencies=[READ],
)
async def list_predictions(
    sessions: ReadingDep,
    record_id: RecordIdText | None = None,
    model: Name | None = None,
    version: Name | None = None,
    computed_since: Annotated[Moment | None, Query(description="computed then or later")] = None,
    computed_until: Annotated[Moment | None, Query(description="computed before")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> Response:
    """Every prediction ever made, newest first, page by page; superseded ones and those of old inputs too."""
    search = PredictionSearch(record_id, model, version, computed_since, computed_until)
    return reply(await history.page(sessions, search, limit=limit, cursor=cursor))


@router.get(
    "/predictions/{prediction_id}", summary="Get a prediction", responses=responses(), dependencies=[READ]
)
async def get_prediction(prediction_id: Annotated[RowId, Path()], sessions: ReadingDep) -> LoggedPrediction:
    """One prediction of the history."""
    return await history.get(sessions, prediction_id)
