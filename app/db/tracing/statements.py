"""A span for each statement, of either way to the database."""

from collections.abc import Mapping, Sequence

import asyncpg
from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import DBAPICursor, ExceptionContext, ExecutionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.tracing.present import TRACING
from app.core.tracing.spans import Span, failed
from app.db.direct import Direct, Statement
from app.db.tracing.summary import summary
from app.schemas.access.callers import Binding

SPAN = "_span"
"""Of a statement's execution context: its span, while it is under way."""


class TracedDirect(Direct):
    """What goes straight through asyncpg. A span has the wait for a connection in it."""

    async def fetch(
        self, statement: Statement, values: Mapping[str, object], *, binding: Binding | None = None
    ) -> Sequence[asyncpg.Record]:
        if (spans := TRACING.spans) is None:
            return await super().fetch(statement, values, binding=binding)
        name, attributes = _told(statement.text)
        with spans.within(name, attributes, is_call=True):
            return await super().fetch(statement, values, binding=binding)


def trace_statements(engine: AsyncEngine) -> None:
    """What goes through SQLAlchemy, from its being sent to its answer."""
    event.listen(engine.sync_engine, "before_cursor_execute", _begin)
    event.listen(engine.sync_engine, "after_cursor_execute", _end)
    event.listen(engine.sync_engine, "handle_error", _fail)


def _begin(
    _connection: Connection,
    _cursor: DBAPICursor,
    text: str,
    _parameters: object,
    context: ExecutionContext | None,
    _many: bool,
) -> None:
    if (spans := TRACING.spans) is not None and context is not None:
        name, attributes = _told(text)
        setattr(context, SPAN, spans.begin(name, attributes, is_call=True))


def _end(
    _connection: Connection,
    _cursor: DBAPICursor,
    _text: str,
    _parameters: object,
    context: ExecutionContext | None,
    _many: bool,
) -> None:
    span = getattr(context, SPAN, None)
    if isinstance(span, Span):
        span.end()


def _fail(told: ExceptionContext) -> None:
    span = getattr(told.execution_context, SPAN, None)
    if isinstance(span, Span) and span.is_recording():
        failed(span, told.original_exception)
        span.end()


def _told(text: str) -> tuple[str, dict[str, str]]:
    """A span's name, and what it says of the statement."""
    operation, summed_up = summary(text)
    attributes = {
        "db.system.name": "postgresql",
        "db.operation.name": operation,
        "db.query.summary": summed_up,
    }
    return summed_up, attributes
