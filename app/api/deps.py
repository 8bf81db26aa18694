"""What routes ask for by type. All of it is ``async``: FastAPI runs a plain function in a thread, which takes
0.2 ms."""

import re
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Header, Path, Query, Request
from pydantic import BeforeValidator

from app.core.errors import BadRequest, FieldError, Unavailable
from app.core.settings import Settings
from app.schemas.ids import RecordIdText, check_new_record_id, check_record_id
from app.schemas.values.guesses import exact_number
from app.services.inference import Inference
from app.services.predictions.predictor import Predictor
from app.services.runtime import Runtime, Sessions, Storage
from app.services.tallies import AnswerNotes
from app.services.upkeep.health import Health
from app.services.use_case import UseCase

STALE_IF_ERROR = re.compile(r"stale-if-error(?:\s*=\s*(?:(\d{1,10})|\"(\d{1,10})\"))?", re.IGNORECASE)


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _opened(request: Request) -> Runtime:
    return _runtime(request)


async def _sessions(request: Request) -> Sessions:
    return _runtime(request).sessions


async def _reading(request: Request) -> Sessions:
    return _runtime(request).database.statements


async def _use_case(request: Request) -> UseCase:
    use_case: UseCase = request.app.state.use_case
    return use_case


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _root_path(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root


async def _inference(request: Request) -> Inference:
    return _runtime(request).inference


async def _predictor(request: Request) -> Predictor:
    return _runtime(request).predictor


async def _answer_notes(request: Request) -> AnswerNotes:
    return _runtime(request).answer_notes


async def _forgetting(request: Request) -> AsyncIterator[None]:
    yield
    _runtime(request).predictor.forget()


async def _storage(request: Request) -> Storage:
    storage = _runtime(request).storage
    if storage is None:
        raise Unavailable("There is no storage: STORAGE_URL is not set.")
    return storage


async def _health(request: Request) -> Health:
    health: Health = request.app.state.health
    return health


async def _record_id(record_id: Annotated[str, Path(description="1 to 200 characters")]) -> str:
    return check_record_id(unquote(record_id))


async def _new_record_id(record_id: Annotated[str, Path(description="1 to 200 characters")]) -> str:
    return check_new_record_id(unquote(record_id))


async def _stale_if_error(
    cache_control: Annotated[
        str | None, Header(description="`stale-if-error=600`: rather an older answer than an error")
    ] = None,
) -> float | None:
    for directive in (cache_control or "").split(","):
        if not directive.strip().lower().startswith("stale-if-error"):
            continue  # what a cache need not know, it leaves aside (RFC 9111, 5.2.3)
        if (found := STALE_IF_ERROR.fullmatch(directive.strip())) is None:
            right = "stale-if-error takes a whole number of seconds, such as stale-if-error=600, or none"
            raise BadRequest("The header is not understood.", errors=[FieldError("Cache-Control", right)])
        seconds = found[1] or found[2]
        return float(seconds) if seconds else float("inf")
    return None


RuntimeDep = Annotated[Runtime, Depends(_opened)]
SessionsDep = Annotated[Sessions, Depends(_sessions)]
ReadingDep = Annotated[Sessions, Depends(_reading)]
"""For what reads with one statement: no BEGIN before it, and no ROLLBACK after."""
UseCaseDep = Annotated[UseCase, Depends(_use_case)]
SettingsDep = Annotated[Settings, Depends(_settings)]
InferenceDep = Annotated[Inference, Depends(_inference)]
HealthDep = Annotated[Health, Depends(_health)]
StorageDep = Annotated[Storage, Depends(_storage)]
RootPath = Annotated[str, Depends(_root_path)]
"""ROOT_PATH, which comes before what is named to callers in a body."""
PredictorDep = Annotated[Predictor, Depends(_predictor)]
AnswerNotesDep = Annotated[AnswerNotes, Depends(_answer_notes)]
FORGETTING = Depends(_forgetting, scope="function")
"""For routes that change what any prediction may be: none is answered from memory once they have."""
StaleIfError = Annotated[float | None, Depends(_stale_if_error)]
"""Seconds from ``Cache-Control: stale-if-error`` (RFC 5861), infinite without a number; None without it."""
RecordId = Annotated[RecordIdText, Depends(_record_id)]
"""The record's id from the path, decoded once (see middleware.ExactPaths)."""
NewRecordId = Annotated[RecordIdText, Depends(_new_record_id)]
"""The same, of a record that is to be written."""
LimitQuery = Annotated[
    int, Query(ge=1, le=1000, description="Most items of the page"), BeforeValidator(exact_number)
]
CursorQuery = Annotated[str | None, Query(description="next_cursor of the page before")]
