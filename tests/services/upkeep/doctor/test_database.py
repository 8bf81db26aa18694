"""What `doctor` finds in Postgres, each fault made on a real server."""

import time
from collections.abc import Iterator

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from app.core.settings import Settings
from app.db import revisions
from app.services.upkeep.doctor import database as checks
from tests.services.upkeep.doctor.conftest import Examine
from tests.support.ports import free_ports
from tests.support.postgres import MigratedServer
from tests.support.settings import IsolatedSettings


async def execute(settings: Settings, statement: str) -> None:
    connection = await asyncpg.connect(settings.direct_url.get_secret_value())
    await connection.execute(statement)
    await connection.close()


def elsewhere(settings: Settings, **parts: str | int) -> SecretStr:
    url = make_url(settings.direct_url.get_secret_value()).set(**parts)  # type: ignore[arg-type]
    return SecretStr(url.render_as_string(hide_password=False))


async def test_a_sound_database(examine: Examine, settings: Settings) -> None:
    found = await examine()
    for name in ("database", "clock", "migrations", "sequences", "writes"):
        assert found[name].status == "ok", found[name]
    assert found["connections"].status == ("skipped" if settings.database_pooler else "ok")
    assert found["migrations"].said.startswith("At the newest, ")


async def test_without_it_the_rest_is_looked_at_all_the_same(examine: Examine) -> None:
    [port] = free_ports(1)
    away = IsolatedSettings(database_url=SecretStr(f"postgresql://me:secret@127.0.0.1:{port}/x"))
    found = await examine(away)
    assert found["database"].status == "unavailable"
    assert found["database"].do == checks.START
    assert found["migrations"].status == found["live versions"].status == "skipped"
    assert found["use case"].status == "ok"
    assert not [one for one in found.values() if "secret" in one.said]


@pytest.mark.parametrize("parts", [{"password": "wrong-secret"}, {"database": "no_such"}])
async def test_a_log_in_that_is_refused_is_a_fault(
    examine: Examine, settings: Settings, parts: dict[str, str]
) -> None:
    found = (await examine(IsolatedSettings(database_url=elsewhere(settings, **parts))))["database"]
    assert found.status == "fault"
    assert "wrong-secret" not in found.said


@pytest.fixture
def other_database(postgres_server: MigratedServer) -> Iterator[SecretStr]:
    with postgres_server.clone() as url:
        yield SecretStr(url)


async def test_an_address_past_the_pooler_leads_to_the_same_database(
    examine: Examine, settings: Settings, other_database: SecretStr
) -> None:
    here = settings.direct_url
    changed = IsolatedSettings(database_url=here, database_direct_url=other_database)
    found = (await examine(changed))["direct address"]
    assert found.status == "fault"
    assert found.said.startswith("DATABASE_DIRECT_URL leads to another server or database")
    changed = IsolatedSettings(database_url=here, migration_database_url=here)
    assert (await examine(changed))["direct address"].status == "ok"
    lacking = (await examine(IsolatedSettings(database_url=here, database_pooler=True)))["direct address"]
    assert lacking.status == "fault"
    assert "DATABASE_DIRECT_URL is not" in lacking.said


@pytest.mark.parametrize(
    ("statement", "status", "said"),
    [
        ("drop table alembic_version", "fault", "The database was never migrated."),
        (
            "update alembic_version set version_num = 'of_tomorrow'",
            "warning",
            "A later release than this one",
        ),
    ],
)
async def test_where_the_migrations_are(
    examine: Examine, settings: Settings, statement: str, status: str, said: str
) -> None:
    await execute(settings, statement)
    found = await examine()
    assert (found["migrations"].status, found["migrations"].said[: len(said)]) == (status, said)
    assert found["workers"].status == ("skipped" if status == "fault" else "warning")


async def test_one_that_is_behind(
    examine: Examine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "head", lambda: ("of_today",))
    found = (await examine())["migrations"]
    assert found.status == "fault"
    assert "this release's newest is of_today" in found.said
    assert found.do == checks.MIGRATE


@pytest.mark.parametrize(
    ("check", "statement", "said"),
    [
        ("writes", "set default_transaction_read_only = on", "The database takes no writes now"),
        ("connections", "connection limit 10", "1 processes (service and workers) of 11 connections each"),
    ],
)
async def test_settings_of_the_database(
    examine: Examine, settings: Settings, check: str, statement: str, said: str
) -> None:
    if settings.database_pooler:
        pytest.skip("a pooler keeps connections that were opened before")
    name = make_url(settings.direct_url.get_secret_value()).database
    await execute(settings, f'alter database "{name}" {statement}')
    found = (await examine())[check]
    assert found.status in ("fault", "unavailable")
    assert found.said.startswith(said)


async def test_more_processes_than_there_are_connections_for(examine: Examine, settings: Settings) -> None:
    if settings.database_pooler:
        pytest.skip("a pooler lets more connect than it passes on")
    found = (await examine(processes=1000))["connections"]
    assert found.status == "fault"
    assert "may want 11000 of the" in found.said
    assert "DATABASE_POOL_SIZE (now 10)" in (found.do or "")


async def test_a_sequence_that_a_copy_has_left_behind(examine: Examine, settings: Settings) -> None:
    await execute(settings, "insert into models (id, name) overriding system value values (7, 'm')")
    found = (await examine())["sequences"]
    assert (found.status, found.do) == ("fault", checks.MIGRATE)


async def test_a_role_that_lacks_a_right_and_one_that_passes_the_walls(
    examine: Examine, narrow: Settings
) -> None:
    assert (await examine(narrow))["role"].status == "ok"
    assert narrow.migration_database_url is not None
    owner = IsolatedSettings(database_url=narrow.migration_database_url)
    name = make_url(narrow.database_url.get_secret_value()).username
    await execute(owner, f"revoke select on predictions from {name}")
    lacking = (await examine(narrow))["role"]
    assert (lacking.status, "lacks rights on predictions" in lacking.said) == ("fault", True)
    bound = "('acme', 'x', '{read}', 'acme/')"
    await execute(owner, f"insert into api_keys (name, key_hash, scopes, record_prefix) values {bound}")
    assert "row-level security does not hold" in (await examine(owner))["role"].said


@pytest.mark.parametrize(("seconds", "status"), [(3.0, "warning"), (-3.0, "warning"), (900.0, "fault")])
async def test_clocks_that_are_apart(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, seconds: float, status: str
) -> None:
    real = time.time
    monkeypatch.setattr("app.services.upkeep.doctor.database.time.time", lambda: real() + seconds)
    found = (await examine())["clock"]
    assert (found.status, found.said) == (
        status,
        f"This machine's clock and the database's are {abs(seconds):,.0f} s apart.",
    )
