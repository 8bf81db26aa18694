"""Tasks that the queue should hold, and does not: what they are about has not ended."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.queue.tasks import TaskName
from app.db.server.patience import patient

_IS_QUEUED = """
    exists (select from pgqueuer where entrypoint = :task and status in ('queued', 'picked')
                                   and payload = convert_to(wanted.id::text, 'UTF8'))
"""
_UNDER_WAY = "wanted.state in ('queued', 'running')"
_ABOUT: dict[TaskName, str] = {
    "evaluate": f"evaluations wanted where {_UNDER_WAY}",
    "predict_chunk": f"""
        prediction_job_chunks wanted join prediction_jobs job on job.id = wanted.job_id
        where {_UNDER_WAY} and job.state in ('queued', 'running') and job.engine = 'pipeline'
    """,
    "batch_transform": f"prediction_jobs wanted where {_UNDER_WAY} and engine <> 'pipeline'",
    "write_result": """
        prediction_jobs wanted
        where state = 'done' and request ->> 'store_as' is not null and result is null and error is null
    """,
}
TASKS = tuple(_ABOUT)
_LOST = {
    task: text(f"select wanted.id from {about} and not {_IS_QUEUED} order by wanted.id")
    for task, about in _ABOUT.items()
}


async def find(session: AsyncSession, task: TaskName) -> Sequence[int]:
    """The ids that the task should be queued for."""
    return (await session.scalars(patient(_LOST[task]), {"task": task})).all()
