"""A server that is silent is hung up on; one that nobody had time to hear is not."""

import asyncio
import time

from app.db.server.silence import GRACE, Silence


async def test_what_is_silent_is_cut() -> None:
    cut = asyncio.Event()
    silence = Silence(0.01, cut.set)
    await asyncio.wait_for(cut.wait(), 5)
    assert silence.is_over


async def test_what_answers_is_not() -> None:
    cut = asyncio.Event()
    silence = Silence(0.01, cut.set)
    await asyncio.sleep(0.05)
    silence.cancel()
    await asyncio.sleep(2 * GRACE)
    assert not cut.is_set()
    assert not silence.is_over


async def test_an_answer_that_came_while_the_loop_was_busy_is_heard() -> None:
    cut = asyncio.Event()
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    silence = Silence(0.05, cut.set)
    for _ in range(6):
        time.sleep(2.2 * GRACE)  # noqa: ASYNC251 - as much else to do would
        await asyncio.sleep(0)
    assert await reader.read(1) == b"x"
    silence.cancel()
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()
    assert not cut.is_set()


def _answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"x")
    writer.close()
