"""The front answers as the route does: the same cases through both."""

from collections.abc import AsyncIterator, Mapping
from unittest.mock import patch

import httpx
import pytest
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import Scope

from app.api.entry import front
from app.core.settings import Settings
from app.main import create_app
from tests.support.app import client_of
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, register, store

LONG = "x" * 200
CASES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "a hit": ("/predict/hit", {}),
    "an id of all that stands for itself": ("/predict/-._~!$&'()*+,;=:@", {}),
    "a long id": (f"/predict/{LONG}", {}),
    "an id with a slash": ("/predict/a/b", {}),
    "one that begins with a slash": ("/predict//a", {}),
    "one that ends with it": ("/predict/a/", {}),
    "an encoded id": ("/predict/hi%74", {}),
    "an encoded slash": ("/predict/a%2Fb", {}),
    "another alphabet": ("/predict/%D0%B0", {}),
    "not UTF-8": ("/predict/%FF", {}),
    "a percent sign alone": ("/predict/50%", {}),
    "no record": ("/predict/nobody", {}),
    "no id": ("/predict/", {}),
    "dots": ("/predict/%2E%2E", {}),
    "too long": (f"/predict/{LONG}y", {}),
    "too long and encoded": (f"/predict/%78{LONG}", {}),
    "a model": ("/predict/hit?model=transit", {}),
    "a version": ("/predict/hit?version=1", {}),
    "both": ("/predict/hit?version=1&model=transit&refresh=false", {}),
    "no such model": ("/predict/hit?model=nobody", {}),
    "no such version": ("/predict/hit?version=7", {}),
    "no live version": ("/predict/hit?model=resting", {}),
    "no name": ("/predict/hit?model=", {}),
    "an encoded name": ("/predict/hit?model=%74ransit", {}),
    "a name that is none": ("/predict/hit?model=a%20b", {}),
    "a plus": ("/predict/hit?model=a+b", {}),
    "twice": ("/predict/hit?model=transit&model=nobody", {}),
    "unknown": ("/predict/hit?modle=transit", {}),
    "no value": ("/predict/hit?refresh", {}),
    "another truth": ("/predict/hit?refresh=0", {}),
    "in capitals": ("/predict/hit?refresh=False", {}),
    "no truth": ("/predict/hit?refresh=maybe", {}),
    "empty parts": ("/predict/hit?&model=transit&", {}),
    "an empty query": ("/predict/hit?", {}),
    "a condition": ("/predict/hit", {"If-Match": "*"}),
    "another one": ("/predict/hit", {"If-Modified-Since": "Sat, 29 Oct 1994 19:43:31 GMT"}),
    "an id of the caller's": ("/predict/hit", {"X-Request-ID": "mine-1"}),
    "one that is no id": ("/predict/hit", {"X-Request-ID": "mine 1"}),
    "a type without a body": ("/predict/hit", {"Content-Type": "text/plain"}),
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit"})


@pytest.fixture
async def client(client: httpx.AsyncClient, aws: AwsStub) -> httpx.AsyncClient:
    aws.respond = answer_ten_times
    await register(client)
    options = {"endpoint_name": "e"}
    version = {"version": "1", "backend": "sagemaker", "options": options, "features": ["month"]}
    assert (await client.post("/models/resting/versions", json=version)).status_code == 201
    ids = ["hit", "-._~!$&'()*+,;=:@", LONG, "a/b", "/a", "a/", "а"]
    await store(client, dict.fromkeys(ids, 1.5))
    await client.post("/predict", json={"record_ids": ids})
    return client


async def both(
    client: httpx.AsyncClient, path: str, headers: Mapping[str, str], **given: bytes
) -> AsyncIterator[tuple[int, dict[str, object], dict[str, str]]]:
    """What comes of it through the front and without."""
    for plain in (front._plain, lambda _: None):
        with patch.object(front, "_plain", plain):
            answer = await client.post(path, headers=headers, **given)  # type: ignore[arg-type]
        body = answer.json()
        told = dict(answer.headers)
        is_own = headers.get("X-Request-ID") == told["x-request-id"]
        assert is_own or len(told["x-request-id"]) == 32
        if not is_own:
            told.pop("x-request-id")
            body.pop("request_id", None)
        yield answer.status_code, body, told


@pytest.mark.parametrize("case", CASES)
async def test_the_front_answers_as_the_route_does(client: httpx.AsyncClient, case: str) -> None:
    path, headers = CASES[case]
    first, second = [one async for one in both(client, path, headers)]
    assert first == second


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b" ", b'{"a": 1}', b"x"])
async def test_a_body_is_looked_at_as_ever(client: httpx.AsyncClient, body: bytes) -> None:
    first, second = [one async for one in both(client, "/predict/hit", {}, content=body)]
    assert first == second


async def test_most_cases_are_the_fronts_own(client: httpx.AsyncClient) -> None:
    """Else the others would hold nothing."""
    taken = []
    plain = front._plain

    def noting(scope: Scope) -> object:
        taken.append(plain(scope))
        return taken[-1]

    with patch.object(front, "_plain", noting):
        for name in ("a hit", "an id of all that stands for itself", "no record", "both", "no live version"):
            await client.post(CASES[name][0])
    assert None not in taken


async def test_a_miss_and_a_refresh_come_back_by_the_front(client: httpx.AsyncClient) -> None:
    await store(client, {"new": 2.5})
    miss, hit, fresh = [await client.post(f"/predict/new{query}") for query in ("", "", "?refresh=true")]
    assert [one.headers["X-Cache"] for one in (miss, hit, fresh)] == ["MISS", "HIT", "MISS"]
    assert miss.json()["prediction"] == hit.json()["prediction"] == 25.0


@pytest.mark.parametrize("path", ["/predict/nobody", "/predict/no%62ody", "/models", "/nothing"])
async def test_a_middleware_that_is_added_sees_every_request(settings: Settings, path: str) -> None:
    app = create_app(settings)
    app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"])
    async with app.router.lifespan_context(app), client_of(app) as asking:
        answer = await asking.post(path, headers={"Origin": "https://a.example"})
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


async def test_a_bug_is_a_crash_by_either_way(app: FastAPI, client: httpx.AsyncClient) -> None:
    def bug(*_: object) -> None:
        raise KeyError("secret")

    with patch.object(app.state.runtime.predictor, "predict", bug):
        first, second = [one async for one in both(client, "/predict/hit", {})]
    assert first == second
    assert first[0] == 500
    assert "secret" not in str(first)


async def test_below_a_root_path(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    app = create_app(settings.model_copy(update={"root_path": "/scores"}))
    async with app.router.lifespan_context(app), client_of(app) as below:
        await register(below)
        await store(below, {"hit": 1.5})
        for path in ("/scores/predict/hit", "/predict/hit", "/scores/predict/nobody"):
            first, second = [one async for one in both(below, path, {})]
            cached = {"cached": True} if first[0] == 200 else {}
            assert (first[0], {**first[1], **cached}) == (second[0], {**second[1], **cached})
