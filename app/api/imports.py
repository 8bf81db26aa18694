"""Bulk import over HTTP: the body is the file, read as it arrives."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.requests import ClientDisconnect

from app.api.deps import SessionsDep, SettingsDep, UseCaseDep
from app.api.http.bodies import StrictRoute
from app.api.http.problems import responses
from app.core.errors import FieldError, InvalidInput, TooLarge, Unavailable
from app.schemas.records.imports import FileFormat, ImportReport
from app.services.records import importer
from app.services.records.import_options import ColumnOptions

router = APIRouter(prefix="/records", tags=["records"], route_class=StrictRoute)

CONTENT_TYPES: dict[str, FileFormat] = {"application/x-ndjson": "ndjson", "text/csv": "csv"}
BODY = {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in CONTENT_TYPES}}


async def _columns(
    id_column: Annotated[str | None, Query(description="The CSV's column of record ids; default: id")] = None,
    label_column: Annotated[
        str | None, Query(description="The CSV's column of truths; default: the label's name")
    ] = None,
    rename: Annotated[
        tuple[str, ...], Query(description="FROM=TO: a column of the CSV and the field it is; repeatable")
    ] = (),
    ignore: Annotated[
        tuple[str, ...], Query(description="A column of the CSV to leave out; repeatable")
    ] = (),
) -> ColumnOptions:
    return ColumnOptions(id_column, label_column, rename, ignore)


@router.post(
    "/import",
    summary="Import a file of records",
    responses=responses(TooLarge),
    openapi_extra={"requestBody": BODY | {"required": True}},
)
async def import_records(
    request: Request,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    settings: SettingsDep,
    columns: Annotated[ColumnOptions, Depends(_columns)],
    file_format: Annotated[
        FileFormat | None, Query(alias="format", description="Default: what Content-Type says")
    ] = None,
    delimiter: Annotated[str, Query(description="Between the cells of a CSV")] = ",",
    skip_bad: Annotated[bool, Query(description="Import the good lines and report the others")] = False,
    dry_run: Annotated[bool, Query(description="Check and count everything, write nothing")] = False,
) -> ImportReport:
    """Create or replace records, and set their truths, from a file in UTF-8.

    NDJSON has lines `{"id", "input": {...}, "label"?, "observed_at"?}`. CSV has a header: `id`, the input's
    fields (those with a default may be left out), and optionally the label's column and `observed_at`; an
    empty cell is absent. Columns of other names are named by `id_column`, `label_column`, `rename` and
    `ignore`. Of several lines with one id the last wins.

    Either all lines go in, or none and up to 100 faults are listed, with line numbers. The same file again
    changes nothing.
    """
    slots: asyncio.Semaphore = request.app.state.import_slots
    if slots.locked():
        raise Unavailable("As many imports as may run at once are running.", retry_after=5)
    async with slots:
        return await importer.import_records(
            sessions,
            use_case,
            _bounded(request, settings.max_import_bytes),
            file_format=file_format or _format(request),
            delimiter=delimiter,
            columns=columns,
            skip_bad=skip_bad,
            dry_run=dry_run,
        )


def _format(request: Request) -> FileFormat:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in CONTENT_TYPES:
        choice = FieldError(
            "format", f"give this parameter, or a Content-Type of {' or '.join(CONTENT_TYPES)}"
        )
        raise InvalidInput("It is not said which format the file has.", errors=[choice])
    return CONTENT_TYPES[kind]


async def _bounded(request: Request, limit: int) -> AsyncIterator[bytes]:
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise TooLarge(f"An import may have at most {limit} bytes.")
            yield chunk
    except ClientDisconnect as error:
        raise InvalidInput("The upload broke off; nothing was imported.") from error
