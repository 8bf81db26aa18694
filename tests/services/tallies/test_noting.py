"""What a process told its callers reaches the ledger once, whatever happens to the database."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.core.signals.answered import note_as, note_failure
from app.db.direct import Statement
from app.db.engine import Database, open_database
from app.db.ledger import folding, noting
from app.db.tables import ModelRow, ModelVersionRow
from app.db.tables.ledger import FOLDED_NOTE
from app.services import tallies
from app.services.tallies import AnswerNotes


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = open_database(settings)
    async with database.transactions.begin() as session:
        session.add(model := ModelRow(name="m"))
        await session.flush()
        session.add(ModelVersionRow(model_id=model.id, version="1", backend="b", options={}, features=[]))
    yield database
    await database.aclose()


async def noted(database: Database, of: str = "") -> list[tuple[object, ...]]:
    async with database.transactions() as session:
        found = await session.execute(
            text(f"""
                select version.version, origin, outcome, cause, cast(upto as text), cast(sum(answers) as int)
                from answer_tallies left join model_versions version on version.id = model_version_id {of}
                group by 1, 2, 3, 4, 5 order by 3, 5
            """)
        )
        return [tuple(row) for row in found.all()]


async def test_what_was_told_is_noted_once(database: Database) -> None:
    note_as("request", "m", "1", "HIT", 0.0008, 5)  # before it began: some other service of this process
    notes = AnswerNotes(database.direct)
    note_as("request", "m", "1", "HIT", 0.0008, 2)
    await notes.note()
    await notes.note()
    note_as("request", "m", "1", "HIT", 0.0008)
    note_as("request", "m", "1", "HIT", 400)
    note_failure("batch", "", "", "backend-timeout", 1.5)
    note_failure("batch", "gone", "1", "backend-timeout", 1.5)
    await notes.aclose()
    assert await noted(database) == [
        (None, "batch", "error", "backend-timeout", "2.5", 2),
        ("1", "request", "hit", "", "0.001", 3),
        ("1", "request", "hit", "", "Infinity", 1),
    ]


async def test_what_the_database_did_not_take_is_noted_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = AnswerNotes(database.direct)
    note_as("request", "m", "1", "MISS", 0.03)

    async def refuse(*_: object) -> None:
        raise asyncpg.CannotConnectNowError("starting")

    with monkeypatch.context() as away:
        away.setattr(noting, "note", refuse)
        await notes.note()
        note_as("request", "m", "1", "MISS", 0.03)
        await notes.note()
    assert await noted(database) == []
    await notes.note()
    assert await noted(database) == [("1", "request", "miss", "", "0.03", 2)]


async def test_where_nobody_knows_what_came_of_it_nothing_is_noted_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = AnswerNotes(database.direct)
    note_as("request", "m", "1", "MISS", 0.03)
    real = noting.note

    async def lose_the_answer(*given: object) -> None:
        await real(*given)  # type: ignore[arg-type]
        raise ConnectionError("cut")

    with monkeypatch.context() as cut:
        cut.setattr(noting, "note", lose_the_answer)
        await notes.note()
    note_as("request", "m", "1", "MISS", 0.02)
    await notes.note()
    assert await noted(database) == [
        ("1", "request", "miss", "", "0.02", 1),
        ("1", "request", "miss", "", "0.03", 1),
    ]


async def test_nor_where_it_was_folded_in_the_meantime(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was away for a minute, and a worker was sooner back."""
    notes = AnswerNotes(database.direct)
    note_as("request", "m", "1", "MISS", 0.03)
    note_as("request", "m", "1", "HIT", 0.0008)
    real = noting.note

    async def lose_the_answer(*given: object) -> None:
        await real(*given)  # type: ignore[arg-type]
        raise ConnectionError("cut")

    with monkeypatch.context() as cut:
        cut.setattr(noting, "note", lose_the_answer)
        await notes.note()
    for ago in ("1 minute", "4 hours", "10 days"):
        async with database.transactions.begin() as session:
            older = f"update answer_tallies set at = at - interval '{ago}' where grain < {FOLDED_NOTE}"
            await session.execute(text(older))
            await folding.fold(session)
        await notes.note()
    assert await noted(database, "where answers > 0") == [
        ("1", "request", "hit", "", "0.001", 1),
        ("1", "request", "miss", "", "0.03", 1),
    ]


async def test_they_are_noted_by_themselves(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "PAUSE", 0.01)
    notes = AnswerNotes(database.direct)
    notes.start()
    note_as("request", "m", "1", "HIT", 0.0008)
    while not (found := await noted(database)):
        pass
    await notes.aclose()
    assert await noted(database) == found == [("1", "request", "hit", "", "0.001", 1)]


async def test_an_end_without_a_database_is_soon(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "LAST_WORDS", 0.01)
    database = open_database(settings)
    notes = AnswerNotes(database.direct)
    notes.start()
    note_as("request", "m", "1", "HIT", 0.0008)

    async def hang(*_: object) -> None:
        await database.direct.fetch(Statement("select pg_sleep(3)"), {})

    monkeypatch.setattr(noting, "note", hang)
    await notes.aclose()
    await database.aclose()


async def test_who_only_looks_is_not_kept_waiting(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that hangs, or a table that is locked, as while it is migrated."""
    notes = AnswerNotes(database.direct)
    note_as("request", "m", "1", "HIT", 0.0008)
    await notes.note_soon()
    before = await noted(database)
    assert before == [("1", "request", "hit", "", "0.001", 1)]
    is_back = asyncio.Event()
    real = noting.note

    async def hang(*given: object) -> None:
        await is_back.wait()
        await real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(noting, "note", hang)
    monkeypatch.setattr(tallies, "SOON", 0.01)
    note_as("request", "m", "1", "HIT", 0.0008)
    for _ in range(2):
        await notes.note_soon()
        assert await noted(database) == before
    is_back.set()
    await notes.aclose()
    assert await noted(database) == [("1", "request", "hit", "", "0.001", 2)]
