"""All that workers do, on one page."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.db.engine import Sessions
from app.db.tables import UNDER_WAY
from app.schemas.evaluations.runs import ListedEvaluation
from app.schemas.jobs.jobs import PredictionJob
from app.services.browsing import jobs, queue
from app.services.browsing.jobs import SeenJob, WorkPage
from app.services.browsing.queue import QueueState
from app.services.operations.reading import FoundOperation
from app.services.use_case import UseCase

WorkKind: TypeAlias = Literal["jobs", "evaluations", "operations"]
AnyWork: TypeAlias = WorkPage[PredictionJob] | WorkPage[ListedEvaluation] | WorkPage[FoundOperation]


@dataclass(frozen=True)
class SeenWork:
    """A page of one kind, and what waits of all."""

    kind: WorkKind
    page: AnyWork
    queue: QueueState

    @property
    def goes_on(self) -> bool:
        """Whether anything of it may still change by itself."""
        states = [one.row.state if isinstance(one, FoundOperation) else one.state for one in self.page.items]
        return any(state in UNDER_WAY for state in states)


@dataclass(frozen=True)
class SeenJobAndQueue:
    """A job, and whether there is a worker for it."""

    seen: SeenJob
    queue: QueueState

    @property
    def goes_on(self) -> bool:
        return self.seen.job.state in UNDER_WAY


async def of_kind(sessions: Sessions, use_case: UseCase, kind: WorkKind, *, cursor: str | None) -> SeenWork:
    """What was asked for of this kind, newest first."""
    return SeenWork(kind, await _page(sessions, use_case, kind, cursor), await queue.look(sessions))


async def of_job(sessions: Sessions, job_id: int) -> SeenJobAndQueue:
    """One prediction job, or NotFound."""
    return SeenJobAndQueue(await jobs.about(sessions, job_id), await queue.look(sessions))


async def _page(sessions: Sessions, use_case: UseCase, kind: WorkKind, cursor: str | None) -> AnyWork:
    match kind:
        case "jobs":
            return await jobs.jobs_page(sessions, cursor=cursor)
        case "evaluations":
            return await jobs.evaluations_page(sessions, use_case, cursor=cursor)
        case "operations":
            return await jobs.operations_page(sessions, cursor=cursor)
