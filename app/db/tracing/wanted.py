"""The ways to the database as a process opens them: with spans where it traces, else without."""

from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.tracing.present import TRACING
from app.db.direct import Direct


def trace_if_wanted(engine: AsyncEngine) -> None:
    """Have each statement of an engine make a span, if there are any."""
    if TRACING.spans is not None:
        from app.db.tracing.statements import trace_statements

        trace_statements(engine)


def direct_kind() -> type[Direct]:
    """What goes straight through asyncpg, with spans if there are any."""
    if TRACING.spans is None:
        return Direct
    from app.db.tracing.statements import TracedDirect

    return TracedDirect
