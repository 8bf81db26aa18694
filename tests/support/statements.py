"""What the service asks of the database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.direct import Direct
from app.schemas.access.callers import Binding


@contextmanager
def recorded(engine: AsyncEngine) -> Iterator[list[tuple[str, Sequence[object]]]]:
    """The statements of the block with their parameters, in their order, by both ways to the database."""
    seen: list[tuple[str, Sequence[object]]] = []
    fetch = Direct._fetch

    async def noting(
        direct: Direct, text: str, values: Sequence[object], wanted: Binding
    ) -> Sequence[asyncpg.Record]:
        seen.append((text, values))
        return await fetch(direct, text, values, wanted)

    def note(*given: object) -> None:
        seen.append((str(given[2]), given[3] if isinstance(given[3], Sequence) else ()))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    with patch.object(Direct, "_fetch", noting):
        yield seen
    event.remove(engine.sync_engine, "before_cursor_execute", note)
