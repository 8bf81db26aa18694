"""Databases that are there, and not as they should be."""

import asyncio
import secrets
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text

from app.cli.terminal.failures import told
from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.db import migrate
from app.db.engine import OUTAGES, create_direct_engine
from app.db.server import soundness
from tests.support.postgres import MigratedServer, at_database, query
from tests.support.settings import IsolatedSettings


@pytest.fixture
def latin_url(postgres_server: MigratedServer) -> Iterator[str]:
    name = f"latin_{secrets.token_hex(6)}"
    made = f"create database {name} encoding 'LATIN1' template template0 locale_provider libc locale 'C'"
    query(postgres_server.admin_url, made)
    yield at_database(postgres_server.admin_url, name)
    query(postgres_server.admin_url, f"drop database {name} with (force)")


def test_another_encoding_is_said_before_anything_is_migrated(latin_url: str) -> None:
    with pytest.raises(Misconfigured, match="The database's encoding is LATIN1: create it with ENCODING"):
        asyncio.run(migrate.upgrade(IsolatedSettings(database_url=SecretStr(latin_url))))
    assert query(latin_url, "select to_regclass('alembic_version')") == [(None,)]


async def test_every_table_that_numbers_its_rows_is_known(settings: Settings) -> None:
    engine = create_direct_engine(settings)
    owned = """
        select distinct owner.relname from pg_class sequence
        join pg_depend on objid = sequence.oid and deptype in ('a', 'i') and refobjsubid > 0
        join pg_class owner on owner.oid = refobjid
        where sequence.relkind = 'S'
    """
    async with engine.connect() as connection:
        numbered = set(await connection.scalars(text(owned)))
        assert await soundness.behind(connection) == []
    assert numbered <= soundness.NUMBERED.keys()
    await engine.dispose()


async def test_sequences_that_a_copy_left_behind_are_named_and_then_set(settings: Settings) -> None:
    engine = create_direct_engine(settings)
    async with engine.begin() as connection:
        await connection.execute(text("insert into models (name) values ('a'), ('b')"))
        await connection.execute(text("alter table models alter id restart"))
        assert await soundness.behind(connection) == ["models"]
    await migrate.upgrade(settings)
    async with engine.begin() as connection:
        assert await soundness.behind(connection) == []
        await connection.execute(text("insert into models (name) values ('c')"))
    await engine.dispose()


def test_a_role_that_may_not_make_tables_is_told_so(postgres_server: MigratedServer) -> None:
    """`public` is its owner's: here it is the database of somebody else."""
    url = make_url(postgres_server.admin_url).set(database="postgres")
    if query(postgres_server.admin_url, "select rolsuper from pg_roles where rolname = current_user")[0][0]:
        pytest.skip("a superuser may do everything")
    settings = IsolatedSettings(database_url=SecretStr(url.render_as_string(hide_password=False)))
    with pytest.raises(OUTAGES) as caught:
        asyncio.run(migrate.upgrade(settings))
    said = "The role of this service lacks a right in the database: permission denied for schema public"
    assert told(caught.value) == said
