"""Keeps the ledger small, each minute."""

from app.db.ledger import folding
from app.services.runtime import Runtime


async def fold(runtime: Runtime) -> None:
    """Make one tally of those that are alike, of minutes and hours that are over. None is ever deleted."""
    async with runtime.database.transactions.begin() as session:
        await folding.fold(session)
