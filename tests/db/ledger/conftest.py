"""A database with a model of two versions, and ways to put predictions into it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Database, open_database
from app.db.tables import ModelRow, ModelVersionRow

Rows: TypeAlias = list[tuple[object, ...]]
Query: TypeAlias = Callable[[str], Awaitable[Rows]]


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The versions 1 and 2 of `transit` have the ids 1 and 2."""
    database = open_database(settings)
    async with database.transactions.begin() as session:
        session.add(model := ModelRow(name="transit"))
        await session.flush()
        for version in ("1", "2"):
            row = ModelVersionRow(
                model_id=model.id, version=version, backend="sagemaker", options={}, features=[]
            )
            session.add(row)
            await session.flush()
    yield database
    await database.aclose()


@pytest.fixture
def query(database: Database) -> Query:
    """Does a statement, and gives its rows."""

    async def ask(statement: str) -> Rows:
        async with database.transactions.begin() as session:
            found = await (await session.connection()).execute(text(statement))
            return [tuple(row) for row in found.all()] if found.returns_rows else []

    return ask


def stored(*predictions: Sequence[object]) -> str:
    """One statement that inserts them: version, latency, call, place in it, source, minutes ago."""
    rows = ", ".join(_row(number, *one) for number, one in enumerate(predictions))
    return f"""
        insert into predictions (model_version_id, revision, pipeline_version, record_id, content_hash,
            output, raw_output, latency_ms, inference_id, inference_position, source_id, computed_at,
            superseded_at)
        values {rows}
    """


def _row(
    number: int, version: object, latency: object, call: object, place: object, source: object, ago: object
) -> str:
    name = f"'{call}'" if call else "null"
    return f"""
        ({version}, '', 'code', '{number}', 'hash{number}', '1', '1', {latency}, {name},
        cast({"null" if place is None else place} as int), cast({source or "null"} as bigint),
        now() - make_interval(mins => {ago}), now())
    """
