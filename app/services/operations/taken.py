"""What a worker asks of an operation that it has taken."""

from pydantic import JsonValue

from app.core.errors import NotFound
from app.db.engine import Database
from app.db.operations import working as rows
from app.db.operations.working import TakenOperation
from app.db.predictions import claiming


async def payload_of(database: Database, taken: TakenOperation) -> JsonValue:
    """The input. NotFound where its record was deleted."""
    async with database.statements() as session:
        found = await rows.payloads(session, [taken.id])
    if (payload := found.get(taken.id)) is None:
        raise NotFound("The record was deleted meanwhile.")
    return payload


async def epoch_of(database: Database, taken: TakenOperation) -> int:
    """That of what is noted to be in service now. NotFound where the version was deleted."""
    [seen] = await claiming.look_again(database.direct, [(taken.scope, [])], ttl=None)
    if seen is None:
        raise NotFound("The model version was deleted meanwhile.")
    return seen.in_service.epoch
