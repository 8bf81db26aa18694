"""How long an operation is left alone before a worker takes it again."""

from uuid import UUID

from app.core.errors import AppError
from app.db.engine import Sessions
from app.db.operations import working as rows
from app.db.operations.working import TakenOperation

FIRST_LOOK = 1.0
"""Seconds before a platform is asked for an answer for the first time."""
SHARE, LONGEST_LOOK = 0.1, 30.0
"""Of the time that an answer has taken so far, the pause before the next look for it; and its most, in
seconds."""
LONGEST_TRY = 60.0
"""Most seconds before another try to hand something over, doubled from one second with each."""


def before_another_look(taken: TakenOperation) -> float:
    """Seconds: an answer is found late by a tenth of its time at most, and the bucket is asked seldom."""
    return min(max(FIRST_LOOK, SHARE * taken.waited), LONGEST_LOOK)


def before_another_try(taken: TakenOperation, error: AppError) -> float:
    """Seconds: more than the platform asks for, and more each time."""
    return max(error.retry_after or 0.0, min(2.0 ** min(taken.attempts - 1, 10), LONGEST_TRY))


async def put_off(sessions: Sessions, owner: UUID, taken: TakenOperation, seconds: float) -> None:
    """Have it taken by nobody for so long."""
    async with sessions.begin() as session:
        await rows.put_off(session, owner, [taken.id], seconds)
