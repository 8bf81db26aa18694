"""Claims are locked in one order, whoever changes several of them: two of those never wait for each other."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.settings import Settings
from app.db.engine import Sessions, open_database
from app.db.predictions import claims
from app.db.predictions.claiming import Claiming, claim
from app.db.predictions.claims import Failure, Lease
from app.db.predictions.scope import Scope
from tests.support.locks import until_it_is_waited_for

SHUFFLED = ["0007", "0001", "0008", "0003", "0000", "0005", "0002", "0006", "0004"]
MIDDLE = "0004"
Change = Callable[[AsyncSession, Scope, Lease], Awaitable[object]]
CHANGES: dict[str, Change] = {
    "release": lambda session, _, lease: claims.release(session, lease, SHUFFLED),
    "renew": lambda session, _, lease: session.execute(
        text(claims.RENEW.source),
        {"owner": lease.owner, "seconds": lease.seconds, "content_hashes": SHUFFLED},
    ),
    "fail": lambda session, _, lease: claims.fail(session, lease, [Failure(one, {}, 1) for one in SHUFFLED]),
    "wait": lambda session, scope, _: claims.wait(session, scope, SHUFFLED),
}
FREE = text("select content_hash from content_claims order by content_hash for update skip locked")
"""Those that nobody has locked."""


@pytest.mark.parametrize("change", CHANGES)
async def test_nothing_is_locked_before_what_comes_first(
    settings: Settings, sessions: Sessions, change: str
) -> None:
    """Whoever waits for the content in the middle has locked those before it, and none of those after."""
    scope, lease = Scope(1, "code", 1), Lease(uuid4(), None, 60)
    database = open_database(settings)
    for one in SHUFFLED:  # so that they lie in this order in the table
        await claim(database.direct, [Claiming(scope, [one], lease)])
    async with sessions.begin() as holder, sessions() as looker:
        await holder.execute(
            text("select from content_claims where content_hash = :one for update"), {"one": MIDDLE}
        )

        async def work() -> None:
            async with sessions.begin() as session:
                await session.execute(text("set local enable_indexscan = off"))
                await CHANGES[change](session, scope, lease)

        working = asyncio.create_task(work())
        await until_it_is_waited_for(holder)
        free = list(await looker.scalars(FREE))
        await looker.rollback()
    await working
    await database.aclose()
    assert free == ["0005", "0006", "0007", "0008"]
