"""The service's role, where the tables are another one's."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.db import migrate
from app.db.engine import create_engine
from app.db.server.soundness import RIGHTS
from tests.support.postgres import query


@pytest.fixture
def url(narrow: Settings) -> str:
    return narrow.database_url.get_secret_value()


def test_it_may_do_with_rows_what_it_needs(url: str) -> None:
    held = query(
        url,
        "select relname, privilege_type from pg_class, aclexplode(relacl) "
        "where grantee = (select oid from pg_roles where rolname = current_user) and relkind <> 'S'",
    )
    assert sorted(held) == sorted(
        (table, right.upper()) for table, rights in RIGHTS.items() for right in rights
    )


@pytest.mark.parametrize(
    "statement",
    [
        "create table mine ()",
        "create schema mine",
        "drop table labels",
        "truncate labels",
        "alter table labels disable trigger all",
        "alter table labels add mine int",
        "create index on labels (value)",
        "update alembic_version set version_num = 'x'",
        "create function mine() returns int language sql as 'select 1'",
        "select setval('looks', 1)",
        "copy labels to program 'true'",
        "select pg_read_file('PG_VERSION')",
        "create role another",
    ],
)
def test_it_may_do_nothing_with_the_tables_themselves(url: str, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(url, statement)


def test_it_owns_nothing(url: str) -> None:
    owned = "select relname from pg_class where pg_get_userbyid(relowner) = current_user"
    assert query(url, owned) == []


async def test_what_is_given_is_given_once_however_many_migrate(narrow: Settings) -> None:
    owner = narrow.migration_database_url
    assert owner is not None
    name = str(narrow.database_url.get_secret_value()).split("//")[1].split(":")[0]
    await asyncio.to_thread(query, owner.get_secret_value(), f"revoke all on labels, predictions from {name}")
    await asyncio.gather(*(migrate.upgrade(narrow) for _ in range(4)))
    engine = create_engine(narrow)
    async with engine.connect() as connection:
        await connection.execute(text("delete from predictions"))
    await engine.dispose()
