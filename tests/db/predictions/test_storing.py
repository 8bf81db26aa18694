"""Predictions of several batches in one statement: each batch gets what is its own."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Database, open_database
from app.db.predictions import claiming, storing
from app.db.predictions.claiming import Claiming
from app.db.predictions.claims import Lease
from app.db.predictions.predictions import NewPrediction
from app.db.predictions.scope import Scope
from app.db.predictions.storing import Storing
from app.db.tables import ModelRow, ModelVersionRow


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """With two versions of a model, 1 and 2, both of epoch 0."""
    database = open_database(settings)
    async with database.transactions.begin() as session:
        model = ModelRow(name="transit")
        session.add(model)
        await session.flush()
        for version in ("1", "2"):
            session.add(
                ModelVersionRow(
                    model_id=model.id, version=version, backend="sagemaker", options={}, features=[]
                )
            )
    yield database
    await database.aclose()


def row(record_id: str, output: float, *, content: str = "hash", revision: str = "A") -> NewPrediction:
    return NewPrediction(record_id, content, revision, output, output, 1.0)


def batch(*rows: NewPrediction, version: int = 1, expected: int = 0) -> Storing:
    return Storing(Scope(version, "code", 0), Lease(uuid4(), None, 3600), expected, rows)


async def outputs(database: Database, *batches: Storing) -> list[dict[str, str]]:
    """What came back, by batch and record, after a look whether it is what is stored."""
    stored = await storing.store(database.direct, batches, ttl=None)
    async with database.transactions() as session:
        rows = (await session.execute(text("select id, output::text from predictions"))).all()
    kept: dict[int, str] = {row[0]: row[1] for row in rows}
    assert all(kept[one.id] == one.output for entries in stored.entries for one in entries.values())
    return [{name: one.output for name, one in entries.items()} for entries in stored.entries]


async def test_each_batch_gets_its_own(database: Database) -> None:
    rows = row("a", 1.0), row("b", 2.0, content="b's")
    first, second = batch(*rows), batch(row("a", 3.0, content="other"), version=2)
    assert await outputs(database, first, second) == [{"a": "1.0", "b": "2.0"}, {"a": "3.0"}]


async def test_one_record_with_two_contents_is_two_rows(database: Database) -> None:
    batches = [batch(row("a", 1.0)), batch(row("a", 2.0, content="later"))]
    assert await outputs(database, *batches) == [{"a": "1.0"}, {"a": "2.0"}]


@pytest.mark.parametrize(
    "second",
    [
        batch(row("a", 2.0)),
        batch(row("a", 2.0, revision="B")),
        batch(row("b", 2.0)),
        batch(row("a", 2.0), version=2),
    ],
)
async def test_of_two_with_one_content_the_second_is_left(database: Database, second: Storing) -> None:
    """Whose claim on it is to stay."""
    first = batch(row("a", 1.0))
    assert await outputs(database, first, second) == [{"a": "1.0"}, {}]


async def test_what_is_there_already_is_left(database: Database) -> None:
    await outputs(database, batch(row("a", 1.0)))
    assert await outputs(database, batch(row("a", 2.0), row("b", 2.0, content="b's"))) == [{"b": "2.0"}]


async def test_what_a_look_has_changed_since_is_left(database: Database) -> None:
    found = await outputs(database, batch(row("a", 1.0), expected=7), batch(row("a", 2.0, content="other")))
    assert found == [{}, {"a": "2.0"}]


async def test_what_a_look_holds_is_left_and_nobody_waits(database: Database) -> None:
    async with database.transactions.begin() as session:
        await session.execute(text("select from model_versions where id = 1 for no key update"))
        found = await outputs(
            database, batch(row("a", 1.0)), batch(row("a", 2.0, content="other"), version=2)
        )
    assert found == [{}, {"a": "2.0"}]


async def test_only_the_claims_of_what_is_stored_are_given_up(database: Database) -> None:
    """And those who waited for one are named."""
    stored, left = batch(row("a", 1.0)), batch(row("b", 1.0, content="other"), expected=7)
    claims = [Claiming(one.scope, [one.rows[0].content_hash, "more"], one.lease) for one in (stored, left)]
    await claiming.claim(database.direct, claims)
    async with database.transactions.begin() as session:
        await session.execute(text("update content_claims set waiting = true"))
    found = await storing.store(database.direct, [stored, left], ttl=None)
    assert found.waited_for == [stored.lease.owner]
    async with database.transactions() as session:
        kept = set(await session.scalars(text("select content_hash from content_claims")))
    assert kept == {"more", "other"}
