"""Tells Postgres for whom a statement is, so that the policies of the tables hide what is not theirs.

Of a transaction this is known until its end, and so behind a pooler too. Who may know of everything costs
nothing: a connection of which nothing was told is one of theirs.
"""

from types import TracebackType

from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.schemas.access.callers import CURRENT, UNBOUND

_SET = text("""
    select set_config('app.record_prefix', :record_prefix, true), set_config('app.models', :models, true)
""")


def bind_transactions(engine: AsyncEngine) -> None:
    """Have each transaction say first for whom it is, where that is somebody who is bound."""
    event.listen(engine.sync_engine, "begin", _bind)


def _bind(connection: Connection) -> None:
    if (binding := CURRENT.get().binding) != UNBOUND:
        connection.execute(_SET, binding._asdict())


class StatementSession(AsyncSession):
    """Autocommits each statement. What a bound caller does is one transaction, committed at the end: between
    transactions nothing would say for whom a statement is."""

    def __init__(
        self, bind: AsyncEngine, *, in_transactions: AsyncEngine, autoflush: bool, expire_on_commit: bool
    ) -> None:
        self._is_bound = CURRENT.get().is_bound
        chosen = in_transactions if self._is_bound else bind
        super().__init__(chosen, autoflush=autoflush, expire_on_commit=expire_on_commit)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._is_bound and kind is None:
                await self.commit()
        finally:
            await super().__aexit__(kind, error, trace)
