"""Migrations on an empty database."""

import asyncio
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pgqueuer import Queries
from pgqueuer.db import AsyncpgDriver
from pydantic import SecretStr
from sqlalchemy import Connection, text

from app.core.errors import Conflict
from app.core.settings import Settings
from app.db import migrate, revisions
from app.db.engine import create_direct_engine
from app.db.tables import Base
from tests.support.postgres import MigratedServer, at_database, query
from tests.support.settings import IsolatedSettings

ROOT = Path(__file__).parents[2]
QUEUE = "pgqueuer"
"""How the names of the queue's own tables begin."""
BEFORE_KEYS = "a84c20d5e913"
"""The last revision whose release asked nobody for a key."""
FOUR_AT_ONCE = """
import os, sys
import alembic.command, app.cli.migrate
from app.cli import main
for _ in range(4):
    if os.fork() == 0:
        sys.exit(main(["migrate"]))
sys.exit(any([os.wait()[1] for _ in range(4)]))
"""
"""Forked after the imports, which take longer than the migration: so they do meet."""


@pytest.fixture
def empty_url(postgres_server: MigratedServer) -> Iterator[str]:
    name = f"empty_{secrets.token_hex(6)}"
    query(postgres_server.admin_url, f"create database {name}")
    yield at_database(postgres_server.admin_url, name)
    query(postgres_server.admin_url, f"drop database {name} with (force)")


def test_the_revisions_are_those_that_alembic_finds() -> None:
    scripts = ScriptDirectory(str(revisions.MIGRATIONS))
    assert revisions.known() == {script.revision for script in scripts.walk_revisions()}
    assert revisions.head() == tuple(scripts.get_heads())


async def test_a_database_that_a_later_release_migrated_will_do(settings: Settings) -> None:
    engine = create_direct_engine(settings)
    async with engine.begin() as connection:
        assert await migrate.is_current(connection)
        await connection.execute(text("update alembic_version set version_num = 'of_the_next_release'"))
        assert await migrate.is_current(connection)
        await connection.execute(text("delete from alembic_version"))
        assert not await migrate.is_current(connection)
    await engine.dispose()


async def alembic(settings: Settings, work: Callable[[Connection, Config], None]) -> None:
    engine = create_direct_engine(settings)
    async with engine.begin() as connection:

        def run(connection: Connection) -> None:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(revisions.MIGRATIONS))
            work(connection, config)

        await connection.run_sync(run)
    await engine.dispose()


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not (name or "").startswith(QUEUE)


def relations(url: str) -> set[object]:
    listing = "select relname from pg_class where relnamespace = 'public'::regnamespace"
    return {name for (name,) in query(url, listing)}


def test_up_down_up(empty_url: str) -> None:
    settings = IsolatedSettings(database_url=SecretStr(empty_url))
    asyncio.run(migrate.upgrade(settings))
    tables = relations(empty_url)
    assert "input_objects" in tables
    asyncio.run(alembic(settings, lambda _, config: command.downgrade(config, "base")))
    assert relations(empty_url) == {"alembic_version", "alembic_version_pkc"}
    asyncio.run(migrate.upgrade(settings))
    assert relations(empty_url) == tables


def test_down_and_up_again_nobody_may_more(empty_url: str) -> None:
    """What a column said of a key is gone with it; a release before knows no better than to let it in."""
    settings = IsolatedSettings(database_url=SecretStr(empty_url))
    asyncio.run(migrate.upgrade(settings))
    query(
        empty_url,
        """
        insert into api_keys (name, key_hash, scopes, models, record_prefix, requests_per_second, revoked_at)
        values ('free', '1', '{read}', null, '', null, null), ('slow', '2', '{read}', null, '', 1, null),
               ('revoked', '3', '{admin}', null, '', null, now()),
               ('of a model', '4', '{admin}', '{m}', '', null, null),
               ('of a tenant', '5', '{read}', null, 'a/', null, null)
        """,
        "insert into idempotency_keys (key, fingerprint, reply, record_prefix) values ('k', '', '1', 'a/')",
    )
    asyncio.run(alembic(settings, lambda _, config: command.downgrade(config, BEFORE_KEYS)))
    asyncio.run(migrate.upgrade(settings))
    valid = "select name from api_keys where revoked_at is null and coalesce(expires_at > now(), true)"
    assert query(empty_url, valid) == [("free",)]
    assert query(empty_url, "select count(*) from idempotency_keys") == [(0,)]


async def test_the_migrations_make_the_tables_of_the_code(settings: Settings) -> None:
    differences: list[object] = []
    options = {"compare_server_default": True, "include_name": is_ours}

    def compare(connection: Connection, _: Config) -> None:
        context = MigrationContext.configure(connection, opts=options)
        differences.extend(compare_metadata(context, Base.metadata))

    await alembic(settings, compare)
    assert differences == []


async def test_the_queue_finds_its_tables_as_the_installed_release_wants_them(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    plan = await Queries(AsyncpgDriver(connection)).plan_upgrade()
    await connection.close()
    assert plan.statements == ()


def test_four_processes_start_at_once_and_one_migrates(empty_url: str) -> None:
    environment = os.environ | {"DATABASE_URL": empty_url, "LOG_FORMAT": "json"}
    environment.pop("DATABASE_DIRECT_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", FOUR_AT_ONCE], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done
    assert done.stdout.count("is at the newest migration") == 4
    assert done.stderr.count('"migrated"') == 1


def test_a_migration_that_fails_is_one_sentence(empty_url: str) -> None:
    query(empty_url, "create table input_objects (in_the_way int)")
    settings = IsolatedSettings(database_url=SecretStr(empty_url))
    with pytest.raises(Conflict) as failed:
        asyncio.run(migrate.upgrade(settings))
    assert failed.value.detail == 'The migration failed: relation "input_objects" already exists'
    query(empty_url, "drop table input_objects")
    asyncio.run(migrate.upgrade(settings))


def test_an_older_release_does_not_migrate(database_url: str) -> None:
    query(database_url, "update alembic_version set version_num = 'of_the_next_release'")
    with pytest.raises(Conflict, match="at of_the_next_release of a later release"):
        asyncio.run(migrate.upgrade(IsolatedSettings(database_url=SecretStr(database_url))))


async def test_an_empty_database_is_not_current(empty_url: str) -> None:
    settings = IsolatedSettings(database_url=SecretStr(empty_url))
    engine = create_direct_engine(settings)
    async with engine.connect() as connection:
        assert not await migrate.is_current(connection)
    await migrate.upgrade(settings)
    async with engine.connect() as connection:
        assert await migrate.is_current(connection)
    await engine.dispose()


def test_constraints_and_indexes_are_named_by_the_convention(database_url: str) -> None:
    names = query(
        database_url,
        """
        select conrelid::regclass::text, conname from pg_constraint
        where connamespace = 'public'::regnamespace and contype <> 'n'
        union select tablename, indexname from pg_indexes where schemaname = 'public'
        """,
    )
    wrong = [
        (table, name)
        for table, name in names
        if not re.match(f"(pk|fk|uq|ck|ix)_{table}", str(name))
        and table != "alembic_version"
        and not str(table).startswith(QUEUE)
    ]
    assert len(names) > 20
    assert wrong == []


def test_only_what_passes_is_unlogged(database_url: str) -> None:
    unlogged = query(
        database_url, "select relname from pg_class where relpersistence = 'u' and relkind = 'r'"
    )
    transient = ("content_claims", "inference_claims", "key_requests", "memories", "workers")
    assert sorted(unlogged) == [(name,) for name in transient]
