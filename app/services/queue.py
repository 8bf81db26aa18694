"""What is done later, by a worker: an interface until the queue behind it is chosen."""

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession


class Queue(Protocol):
    """Jobs are put in within the caller's transaction: they are there if and only if it commits."""

    async def evaluate(self, session: AsyncSession, evaluation_id: int) -> None: ...
