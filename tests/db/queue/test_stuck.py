"""Who waits for its client in a transaction, and keeps another waiting, is ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import asyncpg
import pytest

from app.core.settings import Settings
from app.db.queue import stuck
from app.db.queue.queue import Queue
from app.db.server.connecting import Connection
from tests.support.eventually import TIMEOUT

LOCK = "update models set name = name"
IS_BLOCKED = """
    select exists (
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    )
"""


async def parsed(connection: Connection) -> None:
    """The server waits for the parameters."""
    await connection.prepare("select $1::int")


async def idle(_: Connection) -> None: ...


async def copies_in(connection: Connection) -> None:
    async def never() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    await connection.copy_to_table("models", source=never(), columns=["name"])


async def copies_out(connection: Connection) -> None:
    async def full(_: bytes) -> None:
        await asyncio.Event().wait()

    await connection.copy_from_query("select repeat('a', 1000) from generate_series(1, 100000)", output=full)


async def works(connection: Connection) -> None:
    await connection.execute("select pg_sleep(60)")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stuck, "PATIENCE", 0.1)


@pytest.mark.parametrize("does", [parsed, idle, copies_in, copies_out])
async def test_who_waits_for_its_client_is_ended(
    settings: Settings, does: Callable[[Connection], Awaitable[None]]
) -> None:
    async with blocked(settings, does) as (queue, waiting):
        async with asyncio.timeout(TIMEOUT):
            while not await queue.end_stuck([]):  # noqa: ASYNC110 - the server's state
                await asyncio.sleep(0.05)
            await waiting


async def test_who_works_is_not(settings: Settings) -> None:
    async with blocked(settings, works) as (queue, waiting):
        await asyncio.sleep(2 * stuck.PATIENCE)
        assert await queue.end_stuck([]) == 0
        assert not waiting.done()


async def test_nor_is_another_program(settings: Settings) -> None:
    async with blocked(settings, parsed, named="pg_dump") as (queue, waiting):
        await asyncio.sleep(2 * stuck.PATIENCE)
        assert await queue.end_stuck([]) == 0
        assert not waiting.done()


@asynccontextmanager
async def blocked(
    settings: Settings, does: Callable[[Connection], Awaitable[None]], *, named: str = ""
) -> AsyncIterator[tuple[Queue, "asyncio.Task[str]"]]:
    """A queue, and a statement that waits for a lock of a connection which does that."""
    url = settings.direct_url.get_secret_value()
    async with AsyncExitStack() as stack:
        holder = await asyncpg.connect(url, server_settings={"application_name": named})
        stack.callback(holder.terminate)
        waiter = await asyncpg.connect(url)
        stack.callback(waiter.terminate)
        queue = Queue(settings)
        stack.push_async_callback(queue.aclose)
        await waiter.execute("insert into models (name) values ('transit')")
        await holder.execute(f"begin; {LOCK}")
        doing = asyncio.create_task(_do(does, holder))
        stack.callback(doing.cancel)
        waiting = asyncio.create_task(waiter.execute(LOCK))
        stack.callback(waiting.cancel)
        async with asyncio.timeout(TIMEOUT):
            while not await queue.do(lambda connection, _: connection.fetchval(IS_BLOCKED)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        yield queue, waiting
    await asyncio.gather(doing, waiting, return_exceptions=True)


async def _do(does: Callable[[Connection], Awaitable[None]], connection: Connection) -> None:
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await does(connection)
