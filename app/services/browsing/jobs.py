"""Work that was asked for, with who asked, and what failed of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.db.access import askers
from app.db.access.askers import AskedWork
from app.db.engine import Sessions
from app.db.jobs import failures
from app.db.jobs.failures import Cause, FailedRecord
from app.db.tables import UNDER_WAY
from app.schemas.evaluations.runs import EvaluationSearch, ListedEvaluation
from app.schemas.jobs.jobs import PredictionJob
from app.services.evaluations import runs
from app.services.jobs import jobs
from app.services.operations import reading
from app.services.operations.reading import FoundOperation
from app.services.use_case import UseCase

T = TypeVar("T")

AT_ONCE = 25
"""The most of a kind that one page shows."""
FIRST_FAILURES = 20


@dataclass(frozen=True)
class WorkPage(Generic[T]):
    """Newest first. ``askers``: the names of keys by the ids of what was asked for with them."""

    items: Sequence[T]
    askers: Mapping[int, str]
    next_cursor: str | None


@dataclass(frozen=True)
class SeenJob:
    """``failures`` are the first ones, ``causes`` those of all once it has ended, by how often they came."""

    job: PredictionJob
    asker: str | None
    causes: Sequence[Cause]
    failures: Sequence[FailedRecord]


async def jobs_page(sessions: Sessions, *, cursor: str | None) -> WorkPage[PredictionJob]:
    """Prediction jobs."""
    page = await jobs.page(sessions, limit=AT_ONCE, cursor=cursor)
    asked = await _askers(sessions, "jobs", [one.id for one in page.items])
    return WorkPage(page.items, asked, page.next_cursor)


async def evaluations_page(
    sessions: Sessions, use_case: UseCase, *, cursor: str | None
) -> WorkPage[ListedEvaluation]:
    """Runs of evaluations."""
    page = await runs.page(sessions, use_case, EvaluationSearch(), limit=AT_ONCE, cursor=cursor)
    asked = await _askers(sessions, "evaluations", [one.id for one in page.items])
    return WorkPage(page.items, asked, page.next_cursor)


async def operations_page(sessions: Sessions, *, cursor: str | None) -> WorkPage[FoundOperation]:
    """Predictions that are answered later."""
    items, next_cursor = await reading.page(sessions, limit=AT_ONCE, cursor=cursor)
    asked = await _askers(sessions, "operations", [one.row.id for one in items])
    return WorkPage(items, asked, next_cursor)


async def about(sessions: Sessions, job_id: int) -> SeenJob:
    """One prediction job, or NotFound."""
    job = await jobs.get(sessions, job_id)
    asked = await _askers(sessions, "jobs", [job_id])
    async with sessions() as session:
        causes = [] if job.state in UNDER_WAY else await failures.causes(session, job_id)
        first = await failures.first(session, job_id, most=FIRST_FAILURES)
    return SeenJob(job, asked.get(job_id), causes, first)


async def _askers(sessions: Sessions, work: AskedWork, ids: Sequence[int]) -> Mapping[int, str]:
    async with sessions() as session:
        return await askers.names(session, work, ids)
