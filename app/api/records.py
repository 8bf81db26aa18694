"""Records: input objects under the callers' own ids, and the truths about them.

Encode an id in a path as one segment (a slash is `%2F`). Plain slashes work too, except that an id ending in
`/label` needs the encoding.
"""

from typing import Annotated, TypeAlias
from urllib.parse import quote

from fastapi import APIRouter, Body, Query, Response
from pydantic import Discriminator, JsonValue, Tag

from app.api.access.scopes import READ, WRITE
from app.api.deps import (
    CursorQuery,
    LimitQuery,
    NewRecordId,
    PredictorDep,
    ReadingDep,
    RecordId,
    SessionsDep,
    UseCaseDep,
)
from app.api.http.bodies import reply
from app.api.http.conditions import Condition, etag
from app.api.http.problems import OF_BODIES, responses
from app.api.http.strict_route import StrictRoute
from app.core.errors import PreconditionFailed
from app.schemas.records.records import (
    InputJson,
    LabelWrite,
    Record,
    RecordLabel,
    RecordPage,
    RecordWrite,
    WrittenRecords,
)
from app.services.records import labels, records

router = APIRouter(prefix="/records", tags=["records"], route_class=StrictRoute)

Responses: TypeAlias = dict[int | str, dict[str, object]]
REPLACED: Responses = {200: {"model": Record | WrittenRecords, "description": "It was there, or a list"}}
CREATED: Responses = {201: {"model": Record, "description": "Created"}}
UNCHANGED: Responses = {304: {"description": "If-None-Match names what is stored"}}


def _is_list(body: JsonValue) -> str:
    return "items" if isinstance(body, list) else "item"


OneOrMany = Annotated[
    Annotated[RecordWrite, Tag("item")] | Annotated[list[RecordWrite], Tag("items")],
    Discriminator(_is_list),
    Body(),
]


@router.post(
    "",
    status_code=201,
    response_model=Record | WrittenRecords,
    summary="Create or replace records",
    responses=REPLACED | responses(*OF_BODIES),
    dependencies=[WRITE],
)
async def write_records(
    body: OneOrMany,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    predictor: PredictorDep,
) -> Response:
    """Create or replace one record, or a list of them: all are stored, or none.

    A record that exists under the id gets the new input; with the same input nothing changes, so a request
    can be repeated safely. One record answers 201 if it is new, else 200; a list answers 200 with a status
    per item, in order. An id may come once in a list.
    """
    if isinstance(body, list):
        items = await records.put_many(sessions, use_case, body)
        predictor.forget([item.id for item in items])
        return reply(WrittenRecords(items=items))
    record, created = await records.put(sessions, use_case, body.id, body.input, path="input")
    predictor.forget([record.id])
    return _written(record, created)


@router.get("", response_model=RecordPage, summary="List records", responses=responses(), dependencies=[READ])
async def list_records(
    sessions: ReadingDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
    prefix: Annotated[str, Query(description="Only ids that start with this")] = "",
) -> Response:
    """Records in the order of their ids, page by page."""
    return reply(await records.page(sessions, limit=limit, cursor=cursor, prefix=prefix))


@router.put(
    "/{record_id:path}/label",
    summary="Set a record's label",
    responses=responses(*OF_BODIES),
    dependencies=[WRITE],
)
async def put_label(
    record_id: RecordId, label: LabelWrite, sessions: SessionsDep, use_case: UseCaseDep
) -> RecordLabel:
    """Set the truth about a record. It does not change the record's content hash."""
    return await labels.put_label(sessions, use_case, record_id, label.value, observed_at=label.observed_at)


@router.get(
    "/{record_id:path}/label", summary="Get a record's label", responses=responses(), dependencies=[READ]
)
async def get_label(record_id: RecordId, sessions: ReadingDep) -> RecordLabel:
    """The truth about a record; 404 while there is none."""
    return await labels.get_label(sessions, record_id)


@router.delete(
    "/{record_id:path}/label",
    status_code=204,
    summary="Delete a record's label",
    responses=responses(),
    dependencies=[WRITE],
)
async def delete_label(record_id: RecordId, sessions: SessionsDep) -> None:
    """Forget the truth about a record; 404 if there is none. Evaluations that were made keep theirs."""
    await labels.delete_label(sessions, record_id)


@router.put(
    "/{record_id:path}",
    response_model=Record,
    summary="Create or replace a record",
    responses=CREATED | responses(PreconditionFailed, *OF_BODIES),
    dependencies=[WRITE],
)
async def put_record(
    record_id: NewRecordId,
    body: InputJson,
    condition: Condition,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    predictor: PredictorDep,
) -> Response:
    """Create (201) or replace (200) the input under this id; the same input changes nothing.

    With If-Match of several writers who saw one state one wins; the others are answered 412.
    """
    record, created = await records.put(sessions, use_case, record_id, body, objection=condition.objection)
    predictor.forget([record_id])
    return _written(record, created)


@router.get(
    "/{record_id:path}",
    response_model=Record,
    summary="Get a record",
    responses=UNCHANGED | responses(PreconditionFailed),
    dependencies=[READ],
)
async def get_record(record_id: RecordId, sessions: ReadingDep, condition: Condition) -> Response:
    """The record with its label. The ETag stands for the input: a new label leaves it as it is."""
    record = await records.get(sessions, record_id)
    headers = {"ETag": etag(record.content_hash)}
    if condition.is_unchanged(record.content_hash):
        return Response(status_code=304, headers=headers)
    return reply(record, headers=headers)


@router.delete(
    "/{record_id:path}",
    status_code=204,
    summary="Delete a record",
    responses=responses(PreconditionFailed),
    dependencies=[WRITE],
)
async def delete_record(
    record_id: RecordId, condition: Condition, sessions: SessionsDep, predictor: PredictorDep
) -> None:
    """Delete the record and its label. Predictions that were made for it stay on the books."""
    await records.delete(sessions, record_id, objection=condition.objection)
    predictor.forget([record_id])


def _written(record: Record, created: bool) -> Response:
    headers = {"ETag": etag(record.content_hash)}
    if not created:
        return reply(record, headers=headers)
    return reply(record, 201, headers | {"Location": f"/records/{quote(record.id, safe='')}"})
