"""Evaluations that begin by themselves, by a cron expression per model."""

from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import AppError, NotFound
from app.core.logging.quoting import Quoted
from app.db import models as model_rows
from app.db.engine import Sessions
from app.db.evaluations import schedules as rows
from app.db.tables import EvaluationScheduleRow
from app.schemas.evaluations.runs import EvaluationRequest
from app.schemas.evaluations.schedules import EvaluationSchedule, NewSchedule
from app.services.evaluations import runs
from app.services.runtime import Runtime
from app.services.use_case import UseCase

log = structlog.get_logger(__name__)


async def put(sessions: Sessions, use_case: UseCase, model: str, new: NewSchedule) -> EvaluationSchedule:
    """Set or replace a model's schedule. InvalidInput and NotFound say what there is not."""
    runs.check(use_case, _request(new, model, datetime.now(UTC)))
    async with sessions.begin() as session:
        row = await model_rows.lock_model(session, model)  # nobody deletes the version meanwhile
        await runs.require_version(session, model, new.version)
        if row is None:
            raise NotFound(f"There is no model {model!r}.")
        request = new.model_dump(mode="json", exclude={"cron"})
        next_run = _next(new.cron, await rows.now(session))
        await rows.put(session, row.id, new.cron, request, next_run=next_run)
    return await get(sessions, model)


async def get(sessions: Sessions, model: str) -> EvaluationSchedule:
    """A model's schedule, or NotFound."""
    async with sessions() as session:
        row = await rows.find(session, model)
    if row is None:
        raise _no_schedule(model)
    return _described(model, row)


async def every(sessions: Sessions) -> list[EvaluationSchedule]:
    """The schedules of all models, by the names of these."""
    async with sessions() as session:
        return [_described(model, row) for row, model in await rows.every(session)]


async def remove(sessions: Sessions, model: str) -> None:
    """End a model's schedule; NotFound if it has none."""
    async with sessions.begin() as session:
        if not await rows.remove(session, model):
            raise _no_schedule(model)


async def run_due(runtime: Runtime) -> None:
    """Begin the runs whose time has come, by the database's clock: those of workers may differ.

    Times that passed while nobody looked make one run together, as of the last of them.
    """
    async with runtime.database.transactions.begin() as session:
        for row, model in await rows.take_due(session):
            now = await rows.now(session)
            due = max(row.next_run, _last(row.cron, now))
            row.next_run = _next(row.cron, now)
            await _begin(session, runtime.use_case, row, model, due)


async def _begin(
    session: AsyncSession, use_case: UseCase, row: EvaluationScheduleRow, model: str, due: datetime
) -> None:
    try:
        request = _request(_new(row), model, due)
        runs.check(use_case, request)
        # Of its own, so that what fails here leaves the other schedules alone.
        async with session.begin_nested():
            row.last_evaluation_id = await runs.begin(session, model, request)
        row.error = None
    except AppError as error:
        log.warning("scheduled evaluation not begun", model=model, detail=Quoted(error.in_words))
        row.error = error.in_words


def _described(model: str, row: EvaluationScheduleRow) -> EvaluationSchedule:
    kept = {"next_run": row.next_run, "last_evaluation_id": row.last_evaluation_id, "error": row.error}
    return EvaluationSchedule.model_validate(_new(row).model_dump() | kept | {"model": model})


def _new(row: EvaluationScheduleRow) -> NewSchedule:
    assert isinstance(row.request, dict)
    return NewSchedule.model_validate(row.request | {"cron": row.cron})


def _request(new: NewSchedule, model: str, due: datetime) -> EvaluationRequest:
    """What is asked for; its window ends when it was due, however late it begins."""
    since = None if new.window_days is None else due - timedelta(days=new.window_days)
    asked = new.model_dump(exclude={"cron", "window_days"})
    return EvaluationRequest.model_validate(
        asked | {"model": model, "since": since, "until": due if since else None}
    )


def _next(cron: str, now: datetime) -> datetime:
    from croniter import croniter  # for the few requests that have one

    following: datetime = croniter(cron, now).get_next(datetime)
    return following


def _last(cron: str, now: datetime) -> datetime:
    """The last of its times that has come."""
    from croniter import croniter

    last: datetime = croniter(cron, now + timedelta(microseconds=1)).get_prev(datetime)
    return last


def _no_schedule(model: str) -> NotFound:
    return NotFound(f"The model {model!r} has no evaluation schedule.")
