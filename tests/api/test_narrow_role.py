"""Every route, and a worker, as a role that owns nothing: none lacks a right.

`NARROW=1 make test` has all other tests do so.
"""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.core.settings import Settings
from tests.api.documented import OPERATIONS
from tests.support.app import client_of, running_app
from tests.support.aws_stub import Answer, AwsStub, Request, csv
from tests.support.documents import Operation, content
from tests.support.eventually import TIMEOUT
from tests.support.orders import FEATURES, order
from tests.support.postgres import query
from tests.support.workers import working

ORDER = {"post": 1, "put": 0, "get": 2, "delete": 3}
STORAGE = ("importReports",)
"""Needs a bucket, and is refused before it asks the database."""
UNDER_WAY = ("queued", "running")


@pytest.fixture
async def client(narrow: Settings, aws: AwsStub) -> AsyncIterator[httpx.AsyncClient]:
    aws.respond = answer
    settings = narrow.model_copy(update={"default_model": "my-model"})
    async with running_app(settings) as app, client_of(app) as client, working(settings):
        yield client


def answer(request: Request) -> Answer:
    """Whatever the examples have in their rows."""
    if "invocations" not in request.path:
        return Answer(403)
    return csv("1\n" * len(request.body.splitlines()))


async def fill(client: httpx.AsyncClient) -> None:
    for version in ("1", "2", "3"):
        new = {"version": version, "backend": "sagemaker", "options": {"endpoint_name": "e"}}
        asked = new | {"features": FEATURES, "promote": version != "3"}
        assert (await client.post("/models/my-model/versions", json=asked)).status_code == 201
    assert (await client.put("/records/record-1", json=order())).status_code == 201
    label = {"value": 10.0, "observed_at": "2013-01-02T00:00:00Z"}
    assert (await client.put("/records/record-1/label", json=label)).status_code == 200
    for path in ("/prediction-jobs", "/evaluations"):
        begun = await client.post(path, json={"all": True} if "jobs" in path else {})
        async with asyncio.timeout(TIMEOUT):
            while (await client.get(begun.headers["location"])).json()["state"] in UNDER_WAY:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def ask(client: httpx.AsyncClient, operation: Operation) -> httpx.Response:
    url = operation.url.replace("/7", "/1").replace("/12", "/1").replace("/4711", "/1")
    body = operation.text.get("requestBody")
    if body is None:
        return await client.request(operation.method, url, params=QUERIES.get(operation.name))
    lines = content(body, "application/x-ndjson").get("example")
    if lines is not None:
        kind = {"Content-Type": "application/x-ndjson"}
        return await client.request(operation.method, url, content=str(lines), headers=kind)
    return await client.request(operation.method, url, json=content(body).get("example"))


QUERIES = {"compareEvaluations": {"a": "1", "b": "1"}, "listPredictions": {"record_id": "record-1"}}


async def test_every_route_has_the_rights_that_it_needs(client: httpx.AsyncClient) -> None:
    await fill(client)
    ordered = sorted(OPERATIONS, key=lambda one: ORDER[one.method])
    answers = {one.name: await ask(client, one) for one in ordered if one.name not in STORAGE}
    failed = {name: answer.text for name, answer in answers.items() if answer.status_code >= 500}
    assert failed == {}
    assert sum(answer.status_code < 300 for answer in answers.values()) > 30


async def test_it_sees_a_right_that_is_missing(client: httpx.AsyncClient, narrow: Settings) -> None:
    role = narrow.database_url.get_secret_value().split("//")[1].split(":")[0]
    owner = narrow.owner_url.get_secret_value()
    await asyncio.to_thread(query, owner, f"revoke select on prediction_jobs from {role}")
    [listing] = [one for one in OPERATIONS if one.name == "listPredictionJobs"]
    assert (await ask(client, listing)).status_code == 503
