"""A process knows who holds a key, and soon that it is revoked."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.settings import Settings
from app.db.access import keys as rows
from app.db.engine import Database, open_database
from app.db.server.connecting import Connection
from app.schemas.access.callers import ANYBODY, Caller
from app.services.access import keyring, keys
from app.services.access.keyring import Keyring
from app.services.access.keys import NewKey

MINE = NewKey("mine", ["read"])


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = open_database(settings)
    yield database
    await database.aclose()


@pytest.fixture
async def ring(database: Database) -> AsyncIterator[Keyring]:
    ring = Keyring(database.direct, patience=10)
    yield ring
    await ring.aclose()


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def made(database: Database, new: NewKey = MINE) -> str:
    key = await keys.make(database.transactions, new)
    assert key is not None
    return key


async def test_the_holder_of_a_key_is_found_with_what_it_is_bound_to(
    database: Database, ring: Keyring
) -> None:
    new = NewKey("acme", ["predict", "read"], timedelta(days=1), ["b", "a"], "acme/", 2.5, 1000)
    key = await made(database, new)
    found = await ring.holder(key)
    assert found is not None
    assert found == Caller(
        "acme",
        frozenset(("read", "predict")),
        key_id=found.key_id,
        models=frozenset("ab"),
        record_prefix="acme/",
        requests_per_second=2.5,
        inferences_per_day=1000,
    )
    assert ring.at_once(key) == found


@pytest.mark.parametrize("wrong", ["", "sfk_", "sfk_" + "A" * 43, "x" * 8000])
async def test_what_is_no_key_has_no_holder(database: Database, ring: Keyring, wrong: str) -> None:
    key = await made(database)
    assert await ring.holder(wrong) is None
    assert await ring.holder(key[:-1]) is None
    assert await ring.holder(keys.digest(key)) is None
    assert ring.at_once(wrong) is None


async def test_only_the_hash_is_kept(database: Database, connection: Connection) -> None:
    key = await made(database)
    [row] = await connection.fetch("select * from api_keys")
    assert key not in str(dict(row))
    assert row["key_hash"] == keys.digest(key)
    assert len(key) > 43  # 32 bytes in base64


async def test_a_revoked_key_is_refused_soon(
    database: Database, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "TRUSTED", 0.4)
    monkeypatch.setattr(keyring, "ASKED_AGAIN", 0.2)
    key = await made(database)
    assert await ring.holder(key) is not None
    await keys.revoke(database.transactions, MINE.name)
    assert ring.at_once(key) is not None, "it is trusted for a moment"
    while await ring.holder(key) is not None:  # noqa: ASYNC110 - another process would have revoked it
        await asyncio.sleep(0.02)
    assert ring.at_once(key) is None


async def test_a_key_expires_though_nobody_is_asked(
    database: Database, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "TRUSTED", 1000)
    monkeypatch.setattr(keyring, "ASKED_AGAIN", 900)
    key = await made(database, NewKey("brief", ["read"], timedelta(seconds=0.5)))
    assert await ring.holder(key) is not None
    await asyncio.sleep(0.6)
    assert ring.at_once(key) is None
    assert await ring.holder(key) is None


async def test_a_key_that_is_trusted_no_more_is_not_used_while_the_database_is_away(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await made(database)
    ring = Keyring(database.direct, patience=10)
    assert await ring.holder(key) is not None

    async def away(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(keyring, "TRUSTED", 0)
    monkeypatch.setattr(keyring, "ASKED_AGAIN", 0)
    monkeypatch.setattr(rows, "find", away)
    with pytest.raises(OSError):
        await ring.holder(key)


async def test_anybody_is_let_in_until_a_key_is_made(database: Database, ring: Keyring) -> None:
    assert await ring.anybody() == ANYBODY
    key = await made(database)
    await ring.holder(key)
    assert await ring.anybody() is None
    await keys.revoke(database.transactions, MINE.name)
    assert await Keyring(database.direct, patience=10).anybody() is None, "there was one"


async def test_another_process_that_is_open_hears_of_the_first_key(
    database: Database, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "ASKED_AGAIN", 0.2)
    assert await ring.anybody() == ANYBODY
    await made(database)
    while await ring.anybody() is not None:  # noqa: ASYNC110 - another process would have made it
        await asyncio.sleep(0.02)


async def test_use_is_noted_once_a_minute(database: Database, ring: Keyring, connection: Connection) -> None:
    key = await made(database)
    assert await connection.fetchval("select last_used_at from api_keys") is None
    await ring.holder(key)
    first = await connection.fetchval("select last_used_at from api_keys")
    assert first is not None
    await Keyring(database.direct, patience=10).holder(key)
    assert await connection.fetchval("select last_used_at from api_keys") == first


async def test_keys_asked_for_at_once_are_asked_for_together(
    database: Database, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [await made(database, NewKey(f"k{number}", ["read"])) for number in range(20)]
    asked = list[int]()
    find = rows.find

    async def counted(direct: object, hashes: list[str]) -> object:
        asked.append(len(hashes))
        return await find(database.direct, hashes)

    monkeypatch.setattr(rows, "find", counted)
    found = await asyncio.gather(*map(ring.holder, given * 5))
    assert {one.name for one in found if one} == {f"k{number}" for number in range(20)}
    assert sum(asked) == 20
    assert len(asked) < 6


async def test_only_one_first_key_is_made(database: Database) -> None:
    made = await asyncio.gather(
        *(keys.make(database.transactions, NewKey(f"k{n}", ["admin"]), only_first=True) for n in range(5))
    )
    assert sum(one is not None for one in made) == 1


async def test_a_name_is_taken_also_by_a_revoked_key(database: Database) -> None:
    await made(database)
    await keys.revoke(database.transactions, MINE.name)
    with pytest.raises(Conflict):
        await keys.make(database.transactions, MINE)
    with pytest.raises(NotFound):
        await keys.revoke(database.transactions, "nobody")


UNWRITABLE = (" a/", "e\u0301/", "a\u200b/", "e\u0301", "a\u00a0b/", "x" * 101)
"""With which no id begins that a record is written under."""


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewKey("", ["read"]), "name"),
        (NewKey("a b", ["read"]), "name"),
        (NewKey("a", []), "scopes"),
        (NewKey("a", ["read"], timedelta()), "valid_for"),
        (NewKey("a", ["read"], timedelta(days=99_999)), "valid_for"),
        (NewKey("a", ["read"], models=[]), "models"),
        (NewKey("a", ["read"], models=["x y"]), "models"),
        (NewKey("a", ["read"], record_prefix="x" * 201), "record_prefix"),
        (NewKey("a", ["read"], record_prefix="x\n"), "record_prefix"),
        (NewKey("a", ["admin"], record_prefix="x"), "record_prefix"),
        *((NewKey("a", ["write"], record_prefix=one), "record_prefix") for one in UNWRITABLE),
        (NewKey("a", ["read"], requests_per_second=0), "requests_per_second"),
        (NewKey("a", ["read"], requests_per_second=float("nan")), "requests_per_second"),
        (NewKey("a", ["read"], inferences_per_day=-1), "inferences_per_day"),
    ],
)
async def test_what_no_key_can_be_is_said(database: Database, new: NewKey, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await keys.make(database.transactions, new)
    assert [fault.field for fault in caught.value.errors] == [field]
