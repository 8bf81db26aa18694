"""What is said when a prediction job has ended."""

import structlog

from app.core.logging.quoting import Quoted
from app.db.engine import Sessions
from app.db.jobs import jobs as rows

log = structlog.get_logger(__name__)


async def warn_if_many_failed(sessions: Sessions, job_id: int) -> None:
    """Log the warning of a job, if it has one."""
    async with sessions() as session:
        found = await rows.find(session, job_id)
    if found is not None and found[0].warning is not None:
        log.warning("many records of a job failed", job=job_id, warning=Quoted(found[0].warning))
