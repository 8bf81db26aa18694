"""Who is let in, and to what."""

from collections.abc import Sequence

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.api.access.scopes import scope_of
from app.core.settings import Settings
from app.main import ROUTERS
from app.schemas.access.callers import SCOPES, KeyScope
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.runtime import Runtime
from tests.support.app import client_of, running_app

ALLOWED: dict[KeyScope, set[str]] = {scope: {scope, "admin"} for scope in SCOPES}
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
SAMPLE = {"model": "m", "version": "v", "record_id:path": "r", "prediction_id": "1", "job_id": "1"} | {
    "operation_id": "1",
    "evaluation_id": "1",
}


async def key_of(app: FastAPI, *scopes: KeyScope) -> dict[str, str]:
    """The header of a new key."""
    runtime: Runtime = app.state.runtime
    key = await keys.make(runtime.sessions, NewKey("-".join(("k", *scopes)), scopes))
    return {"Authorization": f"Bearer {key}"}


def path_of(route: APIRoute) -> str:
    path = route.path
    for name, value in SAMPLE.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path
    return path


def test_every_route_names_its_scope() -> None:
    named = {route.path: scope_of(route.dependencies) for route in ROUTES}
    open_to_all = {"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"}
    assert {path for path, scope in named.items() if scope is None} == open_to_all
    assert set(named.values()) == {*SCOPES, None}
    for route in ROUTES:
        if route.methods != {"GET"}:
            assert scope_of(route.dependencies) in ("predict", "write", "admin"), route.path


async def test_every_route_wants_a_key(app: FastAPI, client: httpx.AsyncClient) -> None:
    await key_of(app, "read")
    wrong = ("Bearer sfk_wrong", "Bearer ", "Bearer", "Basic YTpi", "bearer sfk_ x", "sfk_wrong")
    for route in ROUTES:
        if scope_of(route.dependencies) is None:
            continue
        for method in route.methods or ():
            answer = await client.request(method, path_of(route))
            assert answer.status_code == 401, route.path
            assert answer.headers["www-authenticate"] == 'Bearer realm="sagemaker-fastapi"'
            for value in wrong:
                answer = await client.request(method, path_of(route), headers={"Authorization": value})
                assert answer.status_code == 401, (route.path, value)
                assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert (await client.get("/nowhere")).status_code == 401
    assert (await client.get("/health/ready")).status_code == 200


@pytest.mark.parametrize("held", [(scope,) for scope in SCOPES])
async def test_every_route_wants_its_scope(
    app: FastAPI, client: httpx.AsyncClient, held: Sequence[KeyScope]
) -> None:
    headers = await key_of(app, *held)
    for route in ROUTES:
        if (needed := scope_of(route.dependencies)) is None:
            continue
        for method in route.methods or ():
            answer = await client.request(method, path_of(route), headers=headers)
            assert (answer.status_code == 403) == (not set(held) & ALLOWED[needed]), (route.path, answer.text)
            assert answer.status_code != 401


async def test_who_may_not_is_told_before_the_body_is_read(app: FastAPI, client: httpx.AsyncClient) -> None:
    headers = await key_of(app, "read")
    answer = await client.put("/records/a", headers=headers, content=b"{not json")
    assert answer.status_code == 403
    assert answer.json()["detail"] == "This needs a key with the scope write; 'k-read' has read."


async def test_a_key_is_given_once(app: FastAPI, client: httpx.AsyncClient) -> None:
    value = (await key_of(app, "read"))["Authorization"]
    twice = [("Authorization", value), ("Authorization", value)]
    assert (await client.get("/records", headers=twice)).status_code == 401
    assert (await client.get("/records", headers={"Authorization": value})).status_code == 200
    lower = {"authorization": value.replace("Bearer", "bEARER")}
    assert (await client.get("/records", headers=lower)).status_code == 200


async def test_without_keys_only_this_machine_is_answered(app: FastAPI, client: httpx.AsyncClient) -> None:
    assert (await client.get("/records")).status_code == 200
    for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        answer = await client.get("/records", headers={header: "10.0.0.1"})
        assert answer.status_code == 401, header
    for peer, status in (("10.0.0.1", 401), ("fe80::1", 401), ("::1", 200), ("127.0.0.2", 200), ("", 200)):
        transport = httpx.ASGITransport(app=app, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as other:
            answer = await other.get("/records")
            assert answer.status_code == status, peer
            assert ((await other.post("/predict/a?model=m")).status_code == 401) == (status == 401), peer


async def test_a_wrong_key_is_refused_where_none_is_needed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/records", headers={"Authorization": "Bearer sfk_x"})).status_code == 401


async def test_nobody_is_asked_where_that_was_said(settings: Settings) -> None:
    async with running_app(settings.model_copy(update={"auth": "none"})) as app:
        await key_of(app, "read")
        transport = httpx.ASGITransport(app=app, client=("10.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as other:
            assert (await other.get("/records")).status_code == 200


async def test_the_document_says_what_each_route_wants(app: FastAPI) -> None:
    async with client_of(app) as client:
        document = (await client.get("/openapi.json")).json()
    for route in ROUTES:
        for method in route.methods or ():
            operation = document["paths"][route.path.replace(":path", "")][method.lower()]
            needed = scope_of(route.dependencies)
            assert operation.get("security") == (None if needed is None else [{"key": [needed]}])
            if needed is not None:
                assert {"401", "403", "429"} <= operation["responses"].keys()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
