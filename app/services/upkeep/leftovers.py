"""Stored records that no longer fit the use case, looked for when the service starts."""

import structlog

from app.services.records import unfit
from app.services.runtime import Runtime
from app.services.upkeep.asking import until_answered

log = structlog.get_logger(__name__)


async def tell(runtime: Runtime) -> None:
    """Log one line if there are records that lack a field which InputObject requires."""
    count = await until_answered(lambda: unfit.count(runtime.sessions, runtime.use_case))
    if count:
        hint = "evaluations and jobs leave them out; `python -m app records unfit` shows them"
        log.warning("records lack fields that InputObject requires", records=count, hint=hint)
