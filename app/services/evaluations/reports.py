"""Reports: the metrics of finished runs, written to the storage as CSV."""

from datetime import UTC

import structlog

from app.core.errors import Conflict, StorageError
from app.db.engine import Sessions
from app.db.evaluations import reports as rows
from app.schemas.evaluations.metric_history import HistoryRow
from app.schemas.evaluations.runs import Evaluation
from app.services.evaluations import metric_history, runs
from app.services.use_case import UseCase
from app.storage import Storage

log = structlog.get_logger(__name__)


async def save(sessions: Sessions, use_case: UseCase, storage: Storage, evaluation_id: int) -> str:
    """Write the report of a finished run, and note its key with the run; saving again replaces the object.

    Where the storage fails, the run stays as it is: the failure is noted with it, logged, and raised as the
    StorageError it is. Conflict if the run is not finished, or came from a report.
    """
    run = await runs.get(sessions, evaluation_id)
    if run.state != "done" or run.kind == "report":
        what = "came from a report" if run.kind == "report" else f"is {run.state}"
        raise Conflict(f"The evaluation {evaluation_id} {what}: reports are of finished runs of our own.")
    key = f"{use_case.report_prefix}/{_name(run)}"
    try:
        await storage.put(key, _as_csv(run).encode())
    except StorageError as error:
        log.warning("report not written", evaluation=evaluation_id, detail=error.detail)
        async with sessions.begin() as session:
            await rows.note(session, evaluation_id, error=f"The report was not written: {error.detail}")
        raise
    async with sessions.begin() as session:
        await rows.note(session, evaluation_id, report=key, error=None)
    return key


def _name(run: Evaluation) -> str:
    assert run.finished_at is not None
    stamp = run.finished_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{run.model}/{run.version}/{stamp}.csv"


def _as_csv(run: Evaluation) -> str:
    about = {name: getattr(run, name) for name in ("kind", "model", "version", "finished_at")}
    found = [HistoryRow(evaluation_id=run.id, **about, **one.model_dump()) for one in run.metrics]
    return metric_history.as_csv(found)
