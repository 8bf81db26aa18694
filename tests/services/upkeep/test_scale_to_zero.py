"""What is stopped while nobody calls it is not started by looks and probes."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue

from app.core.settings import Settings
from app.db import looks as rows
from app.services.hosting import looks as hosting
from app.services.models import looks
from app.services.runtime import Runtime
from app.services.upkeep import revisions
from tests.support.app import client_of, running_app
from tests.support.http_stub import Answer, HttpStub, Request, http_stub, reply
from tests.support.orders import FEATURES, store

MODEL = "/v2/models/transit"


def kserve(request: Request) -> Answer:
    if request.method == "GET":
        return reply({"name": "transit", "versions": ["3"], "ready": True})
    tensor: dict[str, JsonValue] = {"name": "out", "shape": [1], "datatype": "FP64", "data": [7]}
    return reply({"model_name": "transit", "model_version": "3", "id": "1", "outputs": [tensor]})


@pytest.fixture
async def app(settings: Settings, server: HttpStub) -> AsyncIterator[FastAPI]:
    changes = {"default_model": "transit", "backend_hosts": server.url}
    async with running_app(settings.model_copy(update=changes)) as app:
        yield app


@pytest.fixture
async def server() -> AsyncIterator[HttpStub]:
    with http_stub() as server:
        server.respond = kserve
        yield server


async def register(client: httpx.AsyncClient, url: str, *, sleeps: bool, probe: bool | None = None) -> None:
    options = {"url": url, "model": "transit", "scales_to_zero": sleeps}
    version = {"version": "1", "backend": "kserve", "options": options, "features": FEATURES}
    answer = await client.post("/models/transit/versions", json={**version, "promote": True, "probe": probe})
    assert answer.status_code == 201, answer.text


async def asked(app: FastAPI, server: HttpStub) -> list[str]:
    """What a refresh and a readiness probe ask of the server."""
    runtime: Runtime = app.state.runtime
    before = len(server.requests)
    async with client_of(app) as client:
        assert (await client.get("/health/ready")).json()["status"] == "ok"
    ready = len(server.requests)
    await revisions.refresh(runtime, age=0)
    return ["ready"] * (ready > before) + ["refresh"] * (len(server.requests) > ready)


async def test_a_server_that_is_always_there_is_asked(app: FastAPI, server: HttpStub) -> None:
    async with client_of(app) as client:
        await register(client, server.url, sleeps=False)
    assert await asked(app, server) == ["ready", "refresh"]


async def test_one_that_scales_to_zero_is_left_asleep(app: FastAPI, server: HttpStub) -> None:
    async with client_of(app) as client:
        await register(client, server.url, sleeps=True)
        await store(client, {"a": 1.5})
        assert await asked(app, server) == []
        assert (await client.post("/predict/a")).json()["revision"] == "3"
        await client.post("/predict/a")
    assert await asked(app, server) == []  # it was not used within no time


async def test_while_it_is_used_it_is_looked_at(app: FastAPI, server: HttpStub) -> None:
    async with client_of(app) as client:
        await register(client, server.url, sleeps=True)
        await store(client, {"a": 1.5})
        await client.post("/predict/a")
    before = len(server.requests)
    runtime: Runtime = app.state.runtime
    await _look(runtime, used_within=3600)
    assert [request.path for request in server.requests[before:]] == [f"{MODEL}/ready", MODEL]
    await _look(runtime, used_within=0)
    assert len(server.requests) == before + 2


async def _look(runtime: Runtime, *, used_within: float) -> None:
    async with runtime.sessions() as session:
        place = await rows.place_of(session, 1)
    assert place is not None
    await looks.look_at(runtime.sessions, runtime.inference, place, used_within=used_within)


@pytest.mark.parametrize("sleeps", [False, True])
@pytest.mark.parametrize("probe", [None, True, False])
async def test_a_promotion_wakes_it_only_if_it_is_asked_to(
    app: FastAPI, server: HttpStub, sleeps: bool, probe: bool | None
) -> None:
    async with client_of(app) as client:
        await store(client, {"a": 1.5})
        await register(client, server.url, sleeps=sleeps, probe=probe)
    calls = [request for request in server.requests if request.method == "POST"]
    assert len(calls) == (1 if probe or (probe is None and not sleeps) else 0)


def test_a_control_plane_wakes_nothing() -> None:
    asleep: dict[str, JsonValue] = {"endpoint_name": "transit", "scales_to_zero": True}
    assert hosting.sleeps("sagemaker", asleep)
    assert not hosting.wakes("sagemaker", asleep)
    assert not hosting.sleeps("sagemaker", asleep | {"scales_to_zero": False})
