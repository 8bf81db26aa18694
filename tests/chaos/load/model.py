"""An endpoint that takes its time, as a process: ``python -m tests.chaos.load.model PORT SECONDS SLOW``.

It answers ten times each row after SECONDS, and a row of SLOWEST or more after SLOW.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from tests.support.aws_stub import aws_environment
from tests.support.ports import free_ports

SLOWEST = 1000.0


@contextmanager
def slow_model(seconds: float, slow: float = 3600) -> Iterator[dict[str, str]]:
    """The variables by which a service finds it."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", __name__, str(port), str(seconds), str(slow)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # once it listens
            yield aws_environment(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


async def _serve(port: int, seconds: float, slow: float) -> None:
    async def infer(request: web.Request) -> web.Response:
        rows = [float(row) for row in (await request.text()).split()]
        await asyncio.sleep(slow if max(rows) >= SLOWEST else seconds)
        return web.Response(text="\n".join(str(10 * row) for row in rows), content_type="text/csv")

    async def refuse(_: web.Request) -> web.Response:
        code = {"x-amzn-ErrorType": "AccessDeniedException"}
        return web.Response(status=403, text='{"__type":"AccessDeniedException"}', headers=code)

    app = web.Application()
    app.router.add_post("/endpoints/{name}/invocations", infer)
    app.router.add_route("*", "/{rest:.*}", refuse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
