"""A line to a server that can go dead without a word: a TCP proxy that stops passing on what it gets."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import make_url


@dataclass
class Line:
    """``url`` leads to the database by way of this line."""

    url: str = ""
    is_dead: bool = False
    loop: asyncio.AbstractEventLoop | None = None
    _ends: list["_End"] = field(default_factory=list)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def die(self) -> None:
        """Whatever is connected hears nothing any more, for ever; nor does who connects, until `revive`."""
        self.is_dead = True
        for end in self._ends:
            end.is_dead = True

    def revive(self) -> None:
        """From now on who connects gets through. What died stays dead."""
        self.is_dead = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: str) -> None:
        end = _End(self.is_dead)
        self._ends.append(end)
        self._writers.append(writer)
        there, onward = await _connected(server)
        self._writers.append(onward)
        await asyncio.gather(end.pass_on(reader, onward), end.pass_on(there, writer))

    async def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)  # until they are closed


@dataclass
class _End:
    is_dead: bool

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while read := await reader.read(65536):
                if not self.is_dead:
                    writer.write(read)
                    await writer.drain()
        if not self.is_dead:
            writer.close()


async def _connected(server: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url = make_url(server)
    folder = url.query.get("host")
    if isinstance(folder, str):
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{url.query['port']}")
    return await asyncio.open_connection(url.host, url.port or 5432)


@contextmanager
def line_to(server: str) -> Iterator[Line]:
    """A line to the database of this URL, from a thread of its own."""
    line, started, stop = Line(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        listening = await asyncio.start_server(
            lambda reader, writer: line.carry(reader, writer, server), "127.0.0.1", 0
        )
        port = listening.sockets[0].getsockname()[1]
        there = make_url(server).set(host="127.0.0.1", port=port, query={})
        line.url = there.render_as_string(hide_password=False)
        line.loop = asyncio.get_running_loop()
        started.set()
        await stop.wait()
        listening.close()
        await line.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    started.wait()
    try:
        yield line
    finally:
        if line.loop is not None:
            line.loop.call_soon_threadsafe(stop.set)
        thread.join()
