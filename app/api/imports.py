"""Bulk import over HTTP: the body is the file, read as it arrives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from app.api.access.scopes import WRITE
from app.api.deps import FORGETTING, SessionsDep, SettingsDep, UseCaseDep
from app.api.http import bodies, media
from app.api.http.problems import OF_BODIES, responses
from app.api.http.strict_route import StrictRoute
from app.api.receiving.idempotency import KeyedFile
from app.api.receiving.pieces import pieces
from app.core.errors import FieldError, InvalidInput, Unavailable
from app.core.settings import Settings
from app.schemas.records.imports import FileFormat, ImportReport
from app.services.once import Keyed
from app.services.records import importer
from app.services.records.import_options import ColumnOptions

router = APIRouter(prefix="/records", tags=["records"], route_class=StrictRoute)

CONTENT_TYPES: dict[str, FileFormat] = {"application/x-ndjson": "ndjson", "text/csv": "csv"}
BYTES = "application/octet-stream"
BODY = {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}
"""As the document has it: generators of clients know no other type of files, and there is ``format``."""

FILE = "An import"
PATIENCE = 300.0
"""Seconds that an import which is all there waits for others to be written."""


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
    responses=responses(*OF_BODIES),
    openapi_extra={"requestBody": BODY | {"required": True}},
    dependencies=[WRITE, FORGETTING],
)
async def import_records(
    request: Request,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    settings: SettingsDep,
    columns: Annotated[ColumnOptions, Depends(_columns)],
    keyed: KeyedFile,
    file_format: Annotated[
        FileFormat | None, Query(alias="format", description="Default: what Content-Type says")
    ] = None,
    delimiter: Annotated[str, Query(description="Between the cells of a CSV")] = ",",
    skip_bad: Annotated[bool, Query(description="Import the good lines and report the others")] = False,
    dry_run: Annotated[bool, Query(description="Check and count everything, write nothing")] = False,
) -> ImportReport:
    """Create or replace records, and set their truths, from a file in UTF-8.

    Its format is what `format` says, else the Content-Type, `application/x-ndjson` or `text/csv`.
    NDJSON has lines `{"id", "input": {...}, "label"?, "observed_at"?}`. CSV has a header: `id`, the input's
    fields (those with a default may be left out), and optionally the label's column and `observed_at`; an
    empty cell is absent. Columns of other names are named by `id_column`, `label_column`, `rename` and
    `ignore`. Of several lines with one id the last wins.

    Either all lines go in, or none and up to 100 faults are listed, with line numbers. The same file again
    changes nothing.
    """
    bodies.require_length(request.headers, settings.max_import_bytes, FILE)
    media.require_plain(request.headers)
    chosen = file_format or _format(request.headers)
    return await importer.import_records(
        sessions,
        use_case,
        _bounded(request, settings, keyed),
        file_format=chosen,
        delimiter=delimiter,
        columns=columns,
        skip_bad=skip_bad,
        dry_run=dry_run,
        keyed=keyed,
        turn=_turn(request.app.state.import_slots),
    )


@asynccontextmanager
async def _turn(slots: asyncio.Semaphore) -> AsyncIterator[None]:
    """A place among those that write; Unavailable where the others take too long."""
    try:
        async with asyncio.timeout(PATIENCE):
            await slots.acquire()
    except TimeoutError as error:
        raise Unavailable("As many imports as may run at once are running.", retry_after=5) from error
    try:
        yield
    finally:
        slots.release()


def _format(headers: Headers) -> FileFormat:
    """What Content-Type says; UnsupportedMediaType where it says nothing that is taken, InvalidInput where it
    leaves that to the parameter."""
    kind = media.media_type(headers)
    if kind == BYTES:
        fault = FieldError("format", f"must be {' or '.join(CONTENT_TYPES.values())}: {BYTES} says neither")
        raise InvalidInput("The format of the file is not said.", errors=[fault])
    if kind not in CONTENT_TYPES:
        raise media.unsupported(headers, [*CONTENT_TYPES], otherwise="or give the parameter format")
    return CONTENT_TYPES[kind]


async def _bounded(request: Request, settings: Settings, keyed: Keyed | None) -> AsyncIterator[bytes]:
    size, limit = 0, settings.max_import_bytes
    try:
        async for chunk in pieces(request, settings.receive_timeout):
            size += len(chunk)
            if size > limit:
                raise bodies.too_large(limit, FILE)
            if keyed is not None:
                keyed.read(chunk)
            yield chunk
    except ClientDisconnect as error:
        raise InvalidInput("The upload broke off; nothing was imported.") from error
