"""A worker tells its own metrics on a port."""

import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from app.api.signals.listening import listening
from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.runtime import Runtime, open_runtime
from tests.support.metrics import samples, value
from tests.support.ports import free_ports


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    changed = settings.model_copy(update={"metrics_port": free_ports(1)[0]})
    async with open_runtime(changed, bulk=True) as runtime:
        yield runtime


async def test_it_tells_its_own_to_whom_the_service_does(runtime: Runtime) -> None:
    key = await keys.make(runtime.sessions, NewKey("reader", ["read"]))
    bound = await keys.make(runtime.sessions, NewKey("bound", ["read"], models=["m"]))
    headers, url = {"Authorization": f"Bearer {key}"}, f"http://127.0.0.1:{runtime.settings.metrics_port}"
    async with listening(runtime), httpx.AsyncClient(base_url=url) as client:
        found = await client.get("/metrics", headers=headers)
        assert found.status_code == 200, found.text
        assert value(found.text, "processes") == 1
        told = {name for name, _ in samples(found.text)}
        assert "database_pool_connections_max" in told
        assert told & {"workers", "queue_tasks", "database_up", "evaluation_metric"} == set()
        assert (await client.post("/predict/a", headers=headers)).status_code == 404
        assert (await client.head("/metrics", headers=headers)).status_code == 200
        refused = await client.get("/metrics", headers={"Authorization": f"Bearer {bound}"})
        assert refused.status_code == 403
        assert (await client.get("/metrics")).status_code == 401
        assert (await client.get("/metrics", headers={"Host": "elsewhere.example"})).status_code == 400
    async with httpx.AsyncClient(base_url=url) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/metrics")


async def test_a_port_that_is_taken_is_named(runtime: Runtime) -> None:
    port = runtime.settings.metrics_port
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(Misconfigured, match=f"METRICS_PORT {port} of HOST"),
    ):
        async with listening(runtime):
            pass
