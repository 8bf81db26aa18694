"""The queue of work for later, in the caller's own transaction. PgQueuer keeps it in this database."""

from collections.abc import Sequence
from typing import Literal, TypeAlias, cast

import asyncpg
from pgqueuer import Queries
from pgqueuer.db import AsyncpgDriver
from sqlalchemy.ext.asyncio import AsyncSession

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
    queries = Queries(AsyncpgDriver(connection))
    await queries.enqueue([task] * len(ids), payloads, [PRIORITY[task]] * len(ids))
