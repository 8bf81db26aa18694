"""While the database is away: what callers are told is noted, and counters are told all the same."""

import httpx
import pytest
from fastapi import FastAPI

from app.services.runtime import Runtime
from app.services.signals import database
from tests.support.metrics import samples, value
from tests.support.signals import Noted


@pytest.fixture
async def cut(client: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    """A service that reaches its database no longer."""

    async def refused(*_: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    runtime: Runtime = app.state.runtime
    monkeypatch.setattr(database, "KEPT", 0.0)
    monkeypatch.setattr(runtime.database.direct, "_fetch", refused)
    monkeypatch.setattr(runtime.database.watch, "opened", refused)
    await runtime.database.engine.dispose()
    return client


async def test_each_prediction_that_was_not_looked_up(cut: httpx.AsyncClient) -> None:
    noted = Noted()
    assert (await cut.post("/predict/a")).status_code == 503
    assert (await cut.post("/predict/a", headers={"Prefer": "wait=60"})).status_code == 503
    assert (await cut.post("/predict", json={"record_ids": ["a", "b"]})).status_code == 503
    assert noted.answers == {
        ("", "request", "error", "unavailable"): 2,
        ("", "batch", "error", "unavailable"): 2,
    }


async def test_counters_are_told(cut: httpx.AsyncClient, app: FastAPI) -> None:
    app.state.settings = app.state.settings.model_copy(update={"auth": "none"})  # nobody could say who asks
    await cut.post("/predict/a")
    found = await cut.get("/metrics")
    assert found.status_code == 200, found.text
    assert value(found.text, "database_up") == 0
    assert value(found.text, "predictions_total", cause="unavailable") > 0
    assert {name for name, _ in samples(found.text)} & {"workers", "queue_tasks"} == set()
