import asyncio
import socket
from functools import partial

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.datastructures import State

from app.local import serving
from app.services.runtime import Runtime
from tests.support.eventually import until


async def test_it_is_announced_once_it_is_warm_and_can_be_ended_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    warm, announced = asyncio.Event(), list[str]()

    async def warm_up(runtime: Runtime) -> list[str]:
        await warm.wait()
        return ["version 1 of it: it is away."]

    monkeypatch.setattr(serving, "warm_up", warm_up)
    for ends_before in (True, False):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            app = FastAPI()
            app.state = State({"runtime": None})
            config = uvicorn.Config(app, log_config=None)
            server = serving._AnnouncedServer(config, app, lambda: announced.append("ready"))
            serving_task = asyncio.create_task(server.serve([listener]))
            await until(partial(getattr, server, "started"))
            if not ends_before:
                warm.set()
                await until(lambda: bool(announced))
            server.should_exit = True
            await serving_task
        assert announced == ([] if ends_before else ["ready"])
    assert capsys.readouterr().out == "\nNot warmed up: version 1 of it: it is away.\n"
