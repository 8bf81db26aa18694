"""The ledger is of all records: who is bound to some sees none of it, who is bound to models sees theirs; and
whoever stores a prediction has it tallied."""

from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Database, open_database
from app.db.ledger import noting
from app.db.ledger.noting import AnswerLine
from app.schemas.access.callers import ITSELF, Caller
from tests.support.callers import asked_by
from tests.support.postgres import query
from tests.support.tenants import wall_in

MODELS = """
    insert into models (name) values ('ours'), ('theirs');
    insert into model_versions (model_id, version, backend, options, features)
    select id, '1', 'sagemaker', '{}', '{}' from models order by id;
    insert into prices (model_id, per, amount, currency, valid_from)
    select id, 'row', 1, 'USD', now() from models order by id;
"""
STORED = text("""
    insert into predictions (model_version_id, revision, pipeline_version, record_id, content_hash,
                             output, raw_output, latency_ms)
    values (:version, '', '', 'a-' || :number, :number, '1', '1', 1)
""")
LINES = [
    AnswerLine(model, "1" if model else "", "request", "error", "x", 1.0, 1)
    for model in ("ours", "theirs", "")
]
OF_PREFIX = Caller("a", frozenset(), record_prefix="a-")
OF_MODEL = Caller("m", frozenset(), models=frozenset({"theirs"}))


async def seen(database: Database) -> tuple[int, int, int]:
    """Rows of the three tables that the present caller is told of."""
    counts = "(select count(*) from {})"
    tables = ("inference_tallies", "answer_tallies", "prices")
    async with database.transactions() as session:
        [found] = (await session.execute(text(f"select {', '.join(map(counts.format, tables))}"))).all()
    return found[0], found[1], found[2]


async def store(database: Database, version: int, number: str) -> None:
    async with database.transactions.begin() as session:
        await session.execute(STORED, {"version": version, "number": number})


async def test_each_sees_what_is_its_own_and_all_is_noted(settings: Settings, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(MODELS)
    await connection.close()
    url = await wall_in(database_url)
    walled = (
        settings if settings.database_pooler else settings.model_copy(update={"database_url": SecretStr(url)})
    )
    database = open_database(walled)
    await store(database, 1, "1")
    with asked_by(OF_PREFIX):
        await store(database, 1, "2")
        await noting.note(database.direct, uuid4(), LINES)
        assert await seen(database) == (0, 0, 2)
    with asked_by(OF_MODEL):
        await store(database, 2, "3")
        await noting.note(database.direct, uuid4(), LINES)
        assert await seen(database) == (1, 2, 1)
    with asked_by(ITSELF):
        assert await seen(database) == (3, 6, 2)
    await database.aclose()


def test_a_role_without_rights_on_it_goes_on_storing(narrow: Settings) -> None:
    """The service of the release before, until the rights are given."""
    assert narrow.migration_database_url is not None
    owner, service = (url.get_secret_value() for url in (narrow.migration_database_url, narrow.database_url))
    [(role,)] = query(service, "select current_user")
    query(
        owner,
        *MODELS.split(";")[:3],
        f"revoke all on inference_tallies, answer_tallies, prices from {role}",
    )
    query(service, STORED.text.replace(":version", "1").replace(":number", "'1'"))
    assert query(owner, "select rows from inference_tallies") == [(1,)]


def test_a_version_that_goes_takes_its_prices_though_the_role_may_delete_none(narrow: Settings) -> None:
    service = narrow.database_url.get_secret_value()
    query(service, *MODELS.split(";")[:3])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(service, "delete from prices")
    query(service, "delete from models where name = 'ours'")
    assert query(service, "select count(*) from prices") == [(1,)]
