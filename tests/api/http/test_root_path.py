"""Below a path of a proxy: what comes with it or without it, and what is named to callers."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.main import create_app
from tests.support.app import client_of
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, order, register, store
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT

ROOT = "/team/scores"


@pytest.fixture
async def below(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings.model_copy(update={"root_path": ROOT}), TRANSIT)
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client


@pytest.mark.parametrize("prefix", ["", ROOT])
async def test_a_proxy_may_strip_it_or_not(below: httpx.AsyncClient, prefix: str) -> None:
    created = await below.put(f"{prefix}/records/kg%2Fs", json=order())
    assert created.status_code == 201
    assert created.headers["Location"] == f"{ROOT}/records/kg%2Fs"
    assert (await below.get(created.headers["Location"])).json()["id"] == "kg/s"
    assert (await below.head(f"{prefix}/records/kg%2Fs")).status_code == 200
    assert (await below.patch(f"{prefix}/records")).headers["Allow"] == "GET, HEAD, POST"
    assert (await below.get(f"{prefix}/nowhere")).status_code == 404
    document = (await below.get(f"{prefix}/openapi.json")).json()
    assert document["servers"] == [{"url": ROOT}]
    assert "/records" in document["paths"]
    assert f'"{ROOT}/openapi.json"' in (await below.get(f"{prefix}/docs")).text


async def test_people_sign_in_below_it(below: httpx.AsyncClient) -> None:
    proxied = {"Accept": "text/html", "X-Forwarded-For": "10.0.0.1"}
    sent = await below.get(f"{ROOT}/dashboard/jobs", headers=proxied)
    assert sent.headers["Location"] == f"{ROOT}/dashboard/sign-in?next=/dashboard/jobs"
    assert f'action="{ROOT}/dashboard/sign-in"' in (await below.get(sent.headers["Location"])).text
    assert (await below.get(ROOT, headers=proxied)).headers["Location"] == f"{ROOT}/"


async def test_what_is_answered_later_is_below_it(below: httpx.AsyncClient, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    await register(below, options={"endpoint_name": "transit", "respond_async": True}, probe=False)
    await store(below, {"a": 1.5})
    place = f"{ROOT}/operations/1"
    for headers in ({}, {"Prefer": "respond-async"}):  # by the front, and by the route
        single = await below.post("/predict/a?model=transit", headers=headers)
        assert (single.headers["Location"], single.json()["location"]) == (place, place)
    batch = await below.post("/predict", json={"model": "transit", "record_ids": ["a"]})
    assert batch.json()["items"][0]["location"] == place
    assert (await below.get(place)).json()["id"] == 1


async def test_without_one_nothing_is_added(client: httpx.AsyncClient) -> None:
    assert (await client.put("/records/a", json=order())).headers["Location"] == "/records/a"
    assert "servers" not in (await client.get("/openapi.json")).json()
    assert (await client.get(f"{ROOT}/records")).status_code == 404


def with_root(path: str) -> Settings:
    return IsolatedSettings(database_url=SecretStr("postgresql://x@localhost/x"), root_path=path)


@pytest.mark.parametrize("path", ["scores", "/", "/scores/", "/a//b", "/a b", "/a?b", "https://a/b", "/a\n"])
def test_what_is_no_root_path(path: str) -> None:
    with pytest.raises(ValidationError, match="such as /scores"):
        with_root(path)


@pytest.mark.parametrize("path", ["/records", "/models/api", "/health", "/dashboard", "/static/x"])
def test_a_path_that_the_api_has_is_refused(path: str) -> None:
    with pytest.raises(Misconfigured, match="ROOT_PATH must not begin"):
        create_app(with_root(path), TRANSIT)
