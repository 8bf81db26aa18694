"""Evaluation runs: predict the labelled records of a window through the cache, and judge what comes.

Runs of the kinds drift and attribution_drift are begun here and done in files of those names.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from time import perf_counter

import structlog

from app.core.errors import (
    AppError,
    BackendDown,
    BackendRefused,
    BackendThrottled,
    BackendTimeout,
    NotFound,
    StorageError,
    Unavailable,
)
from app.core.logging.quoting import Quoted
from app.db.evaluations import makers
from app.db.evaluations import runs as rows
from app.db.records import windows
from app.db.records.windows import Window
from app.schemas.access.callers import acting_within
from app.schemas.evaluations.runs import EvaluationRequest, Reference
from app.services.access.acting import acting_for
from app.services.evaluations import judging, reports
from app.services.evaluations.attribution_drift import AttributionDrift
from app.services.evaluations.collecting import CollectedRun, Labelled, collect
from app.services.evaluations.drift import Drift
from app.services.evaluations.two_windows import DriftTask
from app.services.explanations import noting
from app.services.failures.interrupted import noted
from app.services.failures.user_code import aside
from app.services.models import versions
from app.services.predictions import patience
from app.services.predictions.predictor import Answer, Ask
from app.services.records import filters
from app.services.runtime import Runtime
from app.services.use_case import UseCase

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 10
"""Workers may end for many reasons, but not so often: the run takes them down."""
BATCH = 1000
"""Records that are predicted at a time."""
AWAY = (BackendDown, BackendRefused, BackendThrottled, BackendTimeout)
"""The platform's own failures, not the rows'."""


class Evaluator:
    """Runs evaluations. An attempt that was cut off is begun anew, and finds its predictions in the cache."""

    def __init__(self, runtime: Runtime) -> None:
        """With a storage each finished run has its report written there."""
        self._runtime = runtime
        self._sessions = runtime.database.transactions
        self._use_case = runtime.use_case

    async def run(self, evaluation_id: int, *, last: bool = False) -> None:
        """Run it to its end. What fails it is noted with it.

        An outage, of a platform too unless this is the ``last`` attempt, is raised: another may get over it.
        """
        async with self._sessions.begin() as session:
            attempt = await rows.begin(session, evaluation_id)
        if attempt is None:
            return  # it has ended
        run = await self._load(evaluation_id, last)
        with acting_within(run.record_prefix, run.ask.model or ""):
            await self._go(run, attempt)

    async def _go(self, run: CollectedRun, attempt: int) -> None:
        evaluation_id, last = run.id, run.last
        fail, hand_back = (partial(do, evaluation_id, attempt) for do in (self._fail, self._hand_back))
        try:
            async with noted(fail, hand_back, last=last), acting_for(self._sessions, run.key_id):
                done = await self._measure(run, attempt)
        except AppError as error:
            if error.retryable and not last:
                raise
            return  # it is noted
        if done:
            await self._warn_if_many_failed(evaluation_id)
        if done and self._runtime.storage is not None:
            with suppress(StorageError):  # noted with the run, which is done all the same
                await reports.save(self._sessions, self._use_case, self._runtime.storage, evaluation_id)

    async def _measure(self, run: CollectedRun, attempt: int) -> bool:
        if attempt > MOST_ATTEMPTS:
            raise Unavailable("It was given up: each worker that began it ended before it.")
        if run.request.reference is None:
            return await self._measure_quality(run)
        return await self._measure_drift(run, run.request.reference)

    async def _fail(self, evaluation_id: int, attempt: int, reason: str) -> None:
        log.warning("evaluation failed", evaluation=evaluation_id, reason=Quoted(reason))
        async with self._sessions.begin() as session:
            await rows.fail(session, evaluation_id, reason, attempt=attempt)

    async def _hand_back(self, evaluation_id: int, attempt: int) -> None:
        async with self._sessions.begin() as session:
            await rows.hand_back(session, evaluation_id, attempt=attempt)

    async def _warn_if_many_failed(self, evaluation_id: int) -> None:
        async with self._sessions() as session:
            found = await rows.find(session, evaluation_id)
        if found is not None and found[0].warning is not None:
            log.warning(
                "many records of an evaluation failed", evaluation=evaluation_id, warning=found[0].warning
            )

    async def _load(self, evaluation_id: int, last: bool) -> CollectedRun:
        async with self._sessions() as session:
            found = await rows.find(session, evaluation_id)
        if found is None:
            raise NotFound(f"There is no evaluation {evaluation_id}.")
        row, model, version = found
        request = EvaluationRequest.model_validate(row.filter)
        return CollectedRun(
            *(evaluation_id, row.model_version_id, Ask(model, version), request, last),
            *(row.record_prefix, row.key_id),
        )

    async def _measure_drift(self, run: CollectedRun, reference: Reference) -> bool:
        deployment = await versions.deployment(self._sessions, run.version_id)
        window = window_of(self._use_case, run.request, run.ask.model, self._runtime.settings.default_model)
        before = replace(window, since=reference.since, until=reference.until)
        task = DriftTask(run.id, run.ask, deployment, window, before, run.request.bucket)
        kind = AttributionDrift if run.request.kind == "attribution_drift" else Drift
        return await kind(self._runtime, task, last=run.last).run()

    async def _measure_quality(self, run: CollectedRun) -> bool:
        """Whether the run is done; not if it was cancelled."""
        return await self._predict(run) and await self._judge(run)

    async def _predict(self, run: CollectedRun) -> bool:
        """Predict the window batch by batch; False if the run was cancelled."""
        window = window_of(self._use_case, run.request, run.ask.model, self._runtime.settings.default_model)
        async with self._sessions.begin() as session:
            counts = await windows.count(session, window, only_labelled=True)
            going = await rows.start(session, run.id, counts)
        after = ""
        while going:
            async with self._runtime.database.statements() as session:
                found = await windows.labelled(session, window, after=after, limit=BATCH)
            if not found:
                return True
            batch = [Labelled(*row) for row in found]
            after = batch[-1].record_id
            record_ids = [one.record_id for one in batch]
            began = perf_counter()
            answers = await patience.predict_many(self._runtime.predictor, record_ids, run.ask, last=run.last)
            raise_if_away(answers)
            noting.note("evaluation", answers, perf_counter() - began)
            await aside(collect, self._use_case, run, batch, answers)
            async with self._sessions.begin() as session:
                going = await rows.progress(session, run.id, predicted=len(run.items), reasons=run.reasons)
        return False

    async def _judge(self, run: CollectedRun) -> bool:
        run.leave_out(await aside(judging.faults, self._use_case, run.cases))
        if run.fault is not None and not run.cases:
            raise run.fault
        async with self._sessions() as session:
            run.tell_apart(await makers.variants(session, run.nobodys))
        names = run.request.metrics or self._use_case.metrics
        found = await aside(judging.judge_all, self._use_case, run.cases, names)
        async with self._sessions.begin() as session:
            await rows.progress(session, run.id, predicted=len(run.items), reasons=run.reasons)
            if not await rows.end(session, run.id, "done"):
                return False  # cancelled while it was judged
            await rows.store(session, run.id, run.items, found)
        log.info("evaluated", evaluation=run.id, records=len(run.items), failed=run.reasons.total())
        return True


def window_of(
    use_case: UseCase, request: EvaluationRequest, model: str | None, default_model: str | None
) -> Window:
    """The window that a request asks for, of records that have the model where none is named."""
    return filters.window(
        use_case,
        request.where,
        since=request.since,
        until=request.until,
        time_field=request.time_field,
        timed=request.bucket is not None,
        model=model,
        default_model=default_model,
    )


def raise_if_away(answers: Mapping[str, Answer | AppError]) -> None:
    """Raise the platform's failure if it failed a whole batch: what is left would not judge the model."""
    failures = [one for one in answers.values() if isinstance(one, AWAY)]
    if failures and len(failures) == len(answers):
        raise failures[0]
