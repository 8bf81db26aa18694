"""What is asked for under a key is done once, however often the same request comes within a day."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, FieldError, InvalidInput
from app.db import idempotency_keys as rows
from app.db.tables import IdempotencyKeyRow
from app.schemas.access.callers import CURRENT, UNBOUND

Body = TypeVar("Body", bound=BaseModel)

HEADER = "Idempotency-Key"
RETRY_AFTER = 1.0
"""Seconds after which what is under way may have ended."""


class Keyed:
    """A request with a key, and what it says, as it is read."""

    def __init__(self, key: str, said: bytes, on_replay: Callable[[], None]) -> None:
        self.key = _apart(key)
        """As it is kept: two tenants may use the same one for two requests."""
        self.on_replay = on_replay
        """Called where the answer is the one of before."""
        self.replayed = False
        self._digest = hashlib.sha256(said)

    def read(self, chunk: bytes) -> None:
        """Count this part of the body in."""
        self._digest.update(chunk)

    @property
    def fingerprint(self) -> str:
        """Of all that was read."""
        return self._digest.hexdigest()


def _apart(key: str) -> str:
    if (binding := CURRENT.get().binding) == UNBOUND:
        return key
    return f"{hashlib.sha256(repr(tuple(binding)).encode()).hexdigest()} {key}"


async def once(
    session: AsyncSession,
    keyed: Keyed | None,
    reply_type: type[Body],
    work: Callable[[], Awaitable[Body]],
) -> Body:
    """What ``work`` answers, or what it answered before; without a key it is done whatever was.

    The work and its answer are kept by the session's transaction, both or neither. Conflict while the same
    key is under way elsewhere; InvalidInput where it came with another request.
    """
    if keyed is None:
        return await work()
    if (kept := await hold(session, keyed)) is not None:
        return replay(keyed, kept, reply_type)
    reply = await work()
    await keep(session, keyed, reply)
    return reply


async def hold(session: AsyncSession, keyed: Keyed) -> IdempotencyKeyRow | None:
    """Have the key for this transaction alone; what was kept under it. Conflict where another one has it."""
    if not await rows.try_lock(session, keyed.key):
        detail = f"A request with this {HEADER} is under way; its answer will be this one's."
        raise Conflict(detail, retry_after=RETRY_AFTER)
    return await rows.find(session, keyed.key)


def replay(keyed: Keyed, kept: IdempotencyKeyRow, reply_type: type[Body]) -> Body:
    """What was answered; InvalidInput where the request, which has been read, is another one."""
    if keyed.fingerprint != kept.fingerprint:
        fault = FieldError(HEADER, "came with another request before: each needs a key of its own")
        raise InvalidInput("The key stands for another request.", errors=[fault])
    keyed.replayed = True
    keyed.on_replay()
    return reply_type.model_validate(kept.reply)


async def keep(session: AsyncSession, keyed: Keyed, reply: BaseModel) -> None:
    """Keep what is answered, if the transaction commits."""
    await rows.keep(session, keyed.key, keyed.fingerprint, reply.model_dump(mode="json"))
