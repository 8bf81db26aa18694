"""Queries on reports: those that runs of ours were written to, and those that runs were read from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import BigInteger, Boolean, Float, Integer, Text, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.evaluations.runs import Metric
from app.db.tables import EvaluationRow

TEXTS, NUMBERS = ("metric", "slice", "bucket", "reason"), ("value", "low", "high")
COLUMNS = (*TEXTS, *NUMBERS, "n", "small")
METRICS_AT_ONCE = 10_000
_ADD_METRICS = text(f"""
    insert into evaluation_metrics (evaluation_id, {", ".join(COLUMNS)})
    select * from unnest(:evaluation_ids, {", ".join(f":{name}" for name in COLUMNS)})
""").bindparams(
    bindparam("evaluation_ids", type_=ARRAY(BigInteger())),
    bindparam("n", type_=ARRAY(Integer())),
    bindparam("small", type_=ARRAY(Boolean())),
    *(bindparam(name, type_=ARRAY(Text())) for name in TEXTS),
    *(bindparam(name, type_=ARRAY(Float())) for name in NUMBERS),
)


@dataclass(frozen=True)
class ImportedRun:
    """A run as a report tells of it. ``etag`` is the file's and what tells its runs apart."""

    etag: str
    version_id: int
    finished_at: datetime
    request: JsonValue


async def note(session: AsyncSession, evaluation_id: int, **noted: str | None) -> None:
    """Set a run's ``report``, its ``error`` or both."""
    await session.execute(update(EvaluationRow).where(EvaluationRow.id == evaluation_id).values(**noted))


async def finished(session: AsyncSession, folder: str) -> set[tuple[str | None, str | None]]:
    """Files below a folder that need no import: (key, etag) of runs read from a file of which nothing was
    skipped, and (key, None) of those that are our own."""
    run = EvaluationRow
    below = select(run.report, run.etag).where(func.starts_with(run.report, folder))
    found = await session.execute(below.where((run.kind != "report") | (run.failed == 0)))
    return {(key, etag.partition(" ")[0] if etag else None) for key, etag in found}


async def add_runs(
    session: AsyncSession, report: str, runs: Sequence[ImportedRun], *, skipped: int
) -> dict[str, int]:
    """The ids of the new runs by their etags; those that are there, or being brought in, are left out."""
    query = insert(EvaluationRow).on_conflict_do_nothing()
    added = await session.execute(
        query.returning(EvaluationRow.etag, EvaluationRow.id),
        [
            {
                "model_version_id": run.version_id,
                "filter": run.request,
                "state": "done",
                "kind": "report",
                "report": report,
                "etag": run.etag,
                "failed": skipped,
                "finished_at": run.finished_at,
            }
            for run in runs
        ],
    )
    return {etag: evaluation_id for etag, evaluation_id in added if etag is not None}


async def add_metrics(session: AsyncSession, found: Iterable[tuple[int, Metric]]) -> None:
    """Put in the metrics of new runs, each with its run's id; in the transaction that added the runs.

    Not by COPY, which Postgres refuses where a table has policies.
    """
    every = [*found]
    for begin in range(0, len(every), METRICS_AT_ONCE):
        part = every[begin : begin + METRICS_AT_ONCE]
        columns = {name: [getattr(metric, name) for _, metric in part] for name in COLUMNS}
        await session.execute(_ADD_METRICS, {"evaluation_ids": [run for run, _ in part], **columns})
