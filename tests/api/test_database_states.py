"""States of the database's server that pass: told as such, and over as soon as they are."""

import asyncio
from collections.abc import Callable

import asyncpg
import httpx
import pytest
from pydantic import JsonValue

from app.services.upkeep import health
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, order, register, store
from tests.support.pooler import CONNECTIONS, pooler_is_used
from tests.support.postgres import MigratedServer, query

END_OTHERS = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""
KEPT = 0.02
REFUSING = """
    drop sequence if exists refused;
    create sequence refused;
    create or replace function refuse() returns trigger language plpgsql as $$
    begin
        if nextval('refused') <= {times} then
            raise exception 'as the server says it' using errcode = '{state}';
        end if;
        return new;
    end $$;
    create or replace trigger refuse before insert on input_objects execute function refuse();
"""


@pytest.fixture(autouse=True)
def _short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT", KEPT)


@pytest.fixture
def turn(database_url: str, postgres_server: MigratedServer) -> Callable[[str], None]:
    """Have the database take writes or not, for whoever connects from now on."""
    [(name,)] = query(database_url, "select current_database()")

    def to(read_only: str) -> None:
        alter = f"alter database {name} set default_transaction_read_only = {read_only}"
        query(postgres_server.admin_url, alter)

    return to


async def not_ok(client: httpx.AsyncClient) -> tuple[str, dict[str, JsonValue]]:
    """What readiness says of the whole, and of the parts of the database that are not ok."""
    await asyncio.sleep(2 * KEPT)
    found = (await client.get("/health/ready")).json()
    parts = {name: found["parts"][name] for name in ("database", "migrations", "writes", "room")}
    return found["status"], {name: part for name, part in parts.items() if part["status"] != "ok"}


async def put(client: httpx.AsyncClient, record_id: str, value: float) -> httpx.Response:
    return await client.put(f"/records/{record_id}", json=order(value))


async def until_taken(client: httpx.AsyncClient) -> None:
    """Write until none is left that takes no writes."""
    for _ in range(CONNECTIONS):
        if (await put(client, "a", 2.5)).status_code == 200:
            return
    raise AssertionError("the pooler still has connections that take no writes")


async def test_a_database_that_turns_read_only_answers_hits_and_heals_by_itself(
    client: httpx.AsyncClient, turn: Callable[[str], None], aws: AwsStub, database_url: str
) -> None:
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {"a": 1.5, "b": 2.5})
    assert (await client.post("/predict/a?model=transit")).status_code == 200
    await asyncio.to_thread(turn, "on")
    await asyncio.to_thread(query, database_url, END_OTHERS)
    for _ in range(3):
        refused = await put(client, "a", 3.5)
        assert (refused.status_code, refused.json()["detail"]) == (503, "The database takes no writes now.")
        assert int(refused.headers["retry-after"]) >= 1
        missed = await client.post("/predict/b?model=transit")
        assert (missed.status_code, missed.headers["retry-after"]) == (503, "1")
        hit = await client.post("/predict/a?model=transit")
        assert (hit.status_code, hit.headers["x-cache"]) == (200, "HIT")
    named = {"status": "unavailable", "reason": "The database takes no writes now."}
    assert await not_ok(client) == ("degraded", {"writes": named})
    await asyncio.to_thread(turn, "off")  # whoever is connected stays read-only, until it is cut off
    if pooler_is_used():  # as the pooler is, of whose connections each refusal costs one
        await until_taken(client)
    assert (await put(client, "a", 3.5)).status_code == 200
    assert (await client.post("/predict/b?model=transit")).status_code == 200
    assert (await not_ok(client))[0] == "ok"


async def test_a_write_that_is_let_go_in_a_deadlock_is_done_once_more(
    client: httpx.AsyncClient, database_url: str
) -> None:
    await store(client, {"a": 1.5, "b": 2.5})
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        # The service, which has waited for longer when the circle is closed, is the one to find out.
        await other.execute("update input_objects set updated_at = now() where id = 'b'")
        items = [{"id": "a", "input": order(3.5)}, {"id": "b", "input": order(4.5)}]
        writing = asyncio.create_task(client.post("/records", json=items))
        while not await other.fetchval("select exists (select from pg_locks where not granted)"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await other.execute("update input_objects set updated_at = now() where id = 'a'")
    assert (await writing).status_code == 200
    await other.close()


async def refuse(database_url: str, times: int, state: str) -> None:
    """A trigger plays the server: the owner of a table has every right, and in the way is nobody."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(REFUSING.format(times=times, state=state))
    await connection.close()


async def test_a_transaction_that_is_refused_for_another_one_is_done_once_more(
    client: httpx.AsyncClient, database_url: str
) -> None:
    await refuse(database_url, 1, "40001")
    assert (await put(client, "a", 1.5)).status_code == 201
    await refuse(database_url, 2, "40001")
    refused = await put(client, "b", 1.5)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["detail"] == "The database ended the transaction for the sake of another one."


async def test_a_right_that_is_missing_is_no_bug_of_the_service(
    client: httpx.AsyncClient, database_url: str
) -> None:
    await refuse(database_url, 1, "42501")
    refused = await put(client, "a", 1.5)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["detail"] == "The role of this service lacks a right in the database."
    assert (await put(client, "a", 1.5)).status_code == 201


async def test_missing_rights_and_sequences_left_behind_are_named(
    client: httpx.AsyncClient, database_url: str
) -> None:
    await store(client, {"a": 1.5})
    owner = await asyncpg.connect(database_url)
    await owner.execute("revoke insert on labels from current_user")
    said = "The role of this service lacks rights on labels."
    assert await not_ok(client) == ("unavailable", {"database": {"status": "unavailable", "reason": said}})
    await owner.execute("grant insert on labels to current_user")
    await owner.execute("insert into models (name) values ('a'); alter table models alter id restart")
    status, parts = await not_ok(client)
    assert status == "unavailable"
    assert "The next ids of models are taken" in str(parts["migrations"])
    await owner.execute("delete from models")
    assert (await not_ok(client))[0] == "ok"
    await owner.close()
