"""The queue of work for later, in the caller's own transaction. PgQueuer keeps it in this database."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.tracing.present import TRACING

if TYPE_CHECKING:
    from pgqueuer import Queries

TaskName: TypeAlias = Literal["evaluate", "predict_chunk", "write_result", "batch_transform"]
PRIORITY: dict[TaskName, int] = {"evaluate": 1, "predict_chunk": 0, "write_result": 1, "batch_transform": 1}
"""Higher goes first: a large job's chunks do not keep an evaluation waiting."""


async def enqueue(session: AsyncSession, task: TaskName, ids: Sequence[int]) -> None:
    """Queue a task once per id: they are there if and only if the session's transaction commits.

    The rows that the ids are of come first. SQLAlchemy begins asyncpg's transaction at its own first
    statement, and what is queued before would be committed by itself.
    """
    raw = await (await session.connection()).get_raw_connection()
    connection = cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)
    if not connection.is_in_transaction():
        raise RuntimeError("write the rows before their tasks are queued")
    payloads: list[bytes | None] = [str(one).encode() for one in ids]
    queries = await asyncio.to_thread(_queries, connection)
    await queries.enqueue(
        [task] * len(ids), payloads, [PRIORITY[task]] * len(ids), headers=[_asked()] * len(ids)
    )


def _asked() -> dict[str, str] | None:
    """In which trace it is asked for; None where that is in none."""
    return (TRACING.spans.carried() or None) if TRACING.spans is not None else None


def _queries(connection: "asyncpg.Connection[asyncpg.Record]") -> "Queries":
    from pgqueuer import Queries  # 0.1 s, for processes that queue something; here no other request waits
    from pgqueuer.db import AsyncpgDriver

    return Queries(AsyncpgDriver(connection))
