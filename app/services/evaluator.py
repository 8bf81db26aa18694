"""Evaluation runs: predict the labelled records of a window through the cache, and judge what comes.

Runs of the kind drift are begun here and done in drift.py.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

import structlog
from pydantic import JsonValue

from app.core.errors import AppError, NotFound, UserCodeError
from app.db import evaluations as rows
from app.db import windows
from app.db.engine import Database
from app.db.evaluations import Item
from app.db.windows import Window
from app.schemas.evaluations import EvaluationRequest, Reference
from app.schemas.input_object import InputObject
from app.services import evaluation, judging, models
from app.services.drift import Drift, Task
from app.services.judging import BUCKETS, Case
from app.services.prediction import Answer, Ask, Predictor

log = structlog.get_logger(__name__)

BATCH = 1000
"""Records that are predicted at a time."""


@dataclass(frozen=True)
class Labelled:
    """A record of the window with its truth."""

    record_id: str
    payload: JsonValue
    truth: JsonValue
    at: datetime


@dataclass
class _Run:
    id: int
    version_id: int
    ask: Ask
    request: EvaluationRequest
    items: list[Item] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    failed: int = 0


class Evaluator:
    """Runs evaluations. An attempt that was cut off is begun anew, and finds its predictions in the cache."""

    def __init__(self, database: Database, predictor: Predictor) -> None:
        self._database = database
        self._predictor = predictor

    async def run(self, evaluation_id: int) -> None:
        """Run it to its end. What fails it is noted with it; an outage of the database is raised."""
        run = await self._load(evaluation_id)
        try:
            if run.request.reference is None:
                await self._measure_quality(run)
            else:
                await self._measure_drift(run, run.request.reference)
        except AppError as error:
            log.warning("evaluation failed", evaluation=evaluation_id, detail=error.detail)
            async with self._database.transactions.begin() as session:
                await rows.end(session, evaluation_id, "failed", error=error.detail)

    async def _load(self, evaluation_id: int) -> _Run:
        async with self._database.transactions() as session:
            found = await rows.find(session, evaluation_id)
        if found is None:
            raise NotFound(f"There is no evaluation {evaluation_id}.")
        row, model, version = found
        request = EvaluationRequest.model_validate(row.filter)
        return _Run(evaluation_id, row.model_version_id, Ask(model, version), request)

    async def _measure_drift(self, run: _Run, reference: Reference) -> None:
        deployment = await models.deployment(self._database.transactions, run.version_id)
        window = window_of(run.request)
        before = replace(window, since=reference.since, until=reference.until)
        task = Task(run.id, run.ask, deployment.features, window, before, run.request.bucket)
        await Drift(self._database, self._predictor, task).run()

    async def _measure_quality(self, run: _Run) -> None:
        if await self._predict(run):
            await self._judge(run)

    async def _predict(self, run: _Run) -> bool:
        """Predict the window batch by batch; False if the run was cancelled."""
        window = window_of(run.request)
        async with self._database.transactions.begin() as session:
            records, labelled = await windows.count(session, window)
            going = await rows.start(session, run.id, records=records, labelled=labelled)
        after = ""
        while going:
            async with self._database.statements() as session:
                found = await windows.labelled(session, window, after=after, limit=BATCH)
            if not found:
                return True
            batch = [Labelled(*row) for row in found]
            after = batch[-1].record_id
            answers = await self._predictor.predict_many([one.record_id for one in batch], run.ask)
            await asyncio.to_thread(_collect, run, batch, answers)
            async with self._database.transactions.begin() as session:
                going = await rows.progress(session, run.id, predicted=len(run.items), failed=run.failed)
        return False

    async def _judge(self, run: _Run) -> None:
        names = run.request.metrics or evaluation.METRICS
        found = await asyncio.to_thread(judging.judge_all, run.cases, names)
        async with self._database.transactions.begin() as session:
            if not await rows.end(session, run.id, "done"):
                return  # cancelled while it was judged
            await rows.store(session, run.id, run.items, found)
        log.info("evaluated", evaluation=run.id, records=len(run.items), failed=run.failed)


def window_of(request: EvaluationRequest) -> Window:
    """The window that a request asks for."""
    time_field = request.time_field or evaluation.TIME_FIELD
    return Window(time_field, request.since, request.until, request.where)


def _collect(run: _Run, batch: Sequence[Labelled], answers: dict[str, Answer | AppError]) -> None:
    for one in batch:
        answer = answers[one.record_id]
        if isinstance(answer, AppError):
            run.failed += 1
            continue
        bucket = BUCKETS[run.request.bucket](one.at.astimezone(UTC)) if run.request.bucket else ""
        groups = _groups(one.payload, run.request.slices)
        run.items.append(Item(one.record_id, answer.id, one.truth, groups, bucket))
        run.cases.append(Case(one.truth, answer.prediction, groups, bucket))


def _groups(payload: JsonValue, wanted: Sequence[str] | None) -> tuple[str, ...]:
    names = evaluation.SLICES if wanted is None else wanted
    if not names:
        return ()
    item = InputObject.model_validate(cast(dict[str, JsonValue], payload))
    try:
        return tuple(f"{name}={evaluation.SLICES[name](item)}" for name in names)
    except Exception as error:
        raise UserCodeError(f"a slice of evaluation.py raised {type(error).__name__}.") from error
