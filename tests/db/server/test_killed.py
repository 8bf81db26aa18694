"""What was acknowledged outlives a Postgres that is killed amid writes; make chaos has it killed 50 times."""

import asyncio
from collections.abc import Iterator
from itertools import count

import httpx
import pytest
from pydantic import SecretStr

from tests.chaos.database.server import SAFE, Durable, durable_server, settings_of
from tests.support.app import client_of, running_app
from tests.support.eventually import until
from tests.support.orders import order
from tests.support.postgres import query
from tests.support.settings import IsolatedSettings

WRITERS, KILLS, MORE = 4, 2, 30


@pytest.fixture
def durable() -> Iterator[Durable]:
    with durable_server() as server:
        assert settings_of(server.url) == SAFE
        yield server


async def test_a_killed_server_has_what_it_acknowledged(durable: Durable) -> None:
    acknowledged, enough = dict[str, str](), list[int]()
    settings = IsolatedSettings(database_url=SecretStr(durable.url))
    async with running_app(settings) as app, client_of(app) as client:
        numbers = count()
        writing = [asyncio.create_task(_write(client, numbers, acknowledged)) for _ in range(WRITERS)]
        for _ in range(KILLS):
            enough.append(len(acknowledged) + MORE)
            await until(lambda: len(acknowledged) >= enough[-1])
            durable.kill()
            await asyncio.to_thread(durable.start_again)
        for task in writing:
            task.cancel()
        await asyncio.wait(writing)
    found = await asyncio.to_thread(query, durable.url, "select id, content_hash from input_objects")
    assert acknowledged.items() - found == set()


async def _write(client: httpx.AsyncClient, numbers: Iterator[int], acknowledged: dict[str, str]) -> None:
    """Records, until it is cancelled."""
    for number in numbers:
        written = await client.put(f"/records/r{number}", json=order(1 + number / 1000))
        if written.status_code == 201:
            acknowledged[f"r{number}"] = written.json()["content_hash"]
