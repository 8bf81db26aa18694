"""What is answered in place of a platform's error, by whoever chose so."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import text

from app.core.settings import Settings
from app.services.hosting.breaker import ENOUGH
from app.services.predictions.single_flight import SingleFlight
from tests.support.aws_stub import Answer, AwsStub, Request, csv, error, model_error, reply
from tests.support.http_stub import HttpStub, http_stub
from tests.support.orders import answer_ten_times, order, register, store

STALE = {"Cache-Control": "stale-if-error"}
DOWN = error("ValidationError", 400)
"""A failure that is not tried again, for the sake of the tests' time."""


class Endpoints:
    """Answers ten times the ratio, and one more on the second; ``down`` are those that fail."""

    def __init__(self) -> None:
        self.down: dict[str, Answer] = {}

    def __call__(self, request: Request) -> Answer:
        name = request.path.split("/")[2] if "invocations" in request.path else ""
        if name in self.down:
            return self.down[name]
        if name == "second":
            return csv("\n".join(str(10 * float(row) + 1) for row in request.body.decode().splitlines()))
        return answer_ten_times(request)


@pytest.fixture
def endpoints(aws: AwsStub) -> Endpoints:
    aws.respond = endpoints = Endpoints()
    return endpoints


@pytest.fixture
def kserve() -> Iterator[HttpStub]:
    """Another platform, which answers 7 for whatever it is asked."""
    tensor: dict[str, JsonValue] = {"name": "out", "shape": [1], "datatype": "FP64", "data": [7]}
    with http_stub() as server:
        server.respond = lambda _: reply({"model_name": "m", "versions": ["9"], "outputs": [tensor]})
        yield server


@pytest.fixture
def settings(settings: Settings, kserve: HttpStub) -> Settings:
    names = {"default_model": "transit", "backend_hosts": kserve.url}
    return settings.model_copy(update={**names, "failure_hold": 0, "prediction_ttl": 60.0})


@pytest.fixture
async def older(endpoints: Endpoints, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The client. Version 1 has answered for record a, version 2 is live, and its endpoint down."""
    await register(client, "1", probe=False)
    await store(client, {"a": 1.5, "b": 2.5})
    assert (await client.post("/predict/a")).json()["prediction"] == 15.0
    await register(client, "2", options={"endpoint_name": "second"}, probe=False)
    endpoints.down["second"] = DOWN
    return client


async def test_by_default_the_error_is_told(older: httpx.AsyncClient) -> None:
    answer = await older.post("/predict/a")
    assert (answer.status_code, answer.json()["type"]) == (
        502,
        "urn:sagemaker-fastapi:problem:backend-refused",
    )


async def test_an_older_versions_answer_says_that_it_is_stale_and_whose(older: httpx.AsyncClient) -> None:
    answer = await older.post("/predict/a", headers=STALE)
    assert (answer.status_code, answer.headers["X-Cache"]) == (200, "STALE")
    assert int(answer.headers["Age"]) >= 0
    assert "Warning" not in answer.headers
    body = answer.json()
    assert (body["prediction"], body["version"], body["cached"]) == (15.0, "1", True)
    assert (await older.post("/predict/a")).status_code == 502  # nothing of it is kept


async def test_in_a_batch_it_is_of_the_items_that_have_one(older: httpx.AsyncClient) -> None:
    answer = await older.post("/predict", json={"record_ids": ["a", "b"]}, headers=STALE)
    first, second = answer.json()["items"]
    assert (first["status"], first["cache"], first["version"], first["cached"]) == (200, "STALE", "1", True)
    assert second["status"] == 502


async def test_no_answer_about_another_content_is_given(older: httpx.AsyncClient) -> None:
    await older.put("/records/a", json=order(9.0))
    assert (await older.post("/predict/a", headers=STALE)).status_code == 502


async def test_who_names_a_version_gets_no_other(older: httpx.AsyncClient) -> None:
    assert (await older.post("/predict/a?version=2", headers=STALE)).status_code == 502


async def test_a_version_that_was_rolled_back_stands_in_for_none(
    older: httpx.AsyncClient, endpoints: Endpoints
) -> None:
    endpoints.down = {}
    assert (await older.post("/predict/b")).json()["version"] == "2"
    await older.post("/models/transit/rollback")
    endpoints.down["transit"] = DOWN
    assert (await older.post("/predict/b", headers=STALE)).status_code == 502


@pytest.mark.parametrize(("grace", "status"), [("=3600", 200), ('="3600"', 200), ("", 200), ("=0", 502)])
async def test_an_expired_answer_for_as_long_as_the_caller_takes_it(
    endpoints: Endpoints, client: httpx.AsyncClient, app: FastAPI, grace: str, status: int
) -> None:
    await register(client, probe=False)
    await store(client, {"a": 1.5})
    await client.post("/predict/a")
    async with app.state.runtime.sessions.begin() as session:
        await session.execute(text("update predictions set computed_at = now() - interval '30 minutes'"))
    endpoints.down["transit"] = DOWN
    headers = {"Cache-Control": f"no-transform, Stale-If-Error{grace}"}
    answer = await client.post("/predict/a", headers=headers)
    assert answer.status_code == status
    assert status != 200 or answer.headers["X-Cache"] == "STALE"


async def test_an_error_of_the_row_is_no_outage(older: httpx.AsyncClient, endpoints: Endpoints) -> None:
    endpoints.down["second"] = model_error(400)
    assert (await older.post("/predict/a", headers=STALE)).status_code == 502


async def test_a_header_that_is_not_understood_is_named(older: httpx.AsyncClient) -> None:
    answer = await older.post("/predict/a", headers={"Cache-Control": "stale-if-error=soon"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Cache-Control"
    assert (await older.post("/predict/a", headers={"Cache-Control": "no-cache"})).status_code == 502


async def test_a_version_may_choose_it_for_all(older: httpx.AsyncClient, endpoints: Endpoints) -> None:
    await register(older, "3", options={"endpoint_name": "second", "stale_if_error": 3600}, probe=False)
    assert (await older.post("/predict/a")).headers["X-Cache"] == "STALE"
    assert (await older.post("/predict/a?version=3")).status_code == 502


async def test_a_fallback_version_answers_under_its_own_key(
    older: httpx.AsyncClient, endpoints: Endpoints
) -> None:
    await register(older, "3", options={"endpoint_name": "second", "fallback_version": "1"}, probe=False)
    hit, miss = await older.post("/predict/a"), await older.post("/predict/b")
    assert (hit.json()["version"], hit.headers["X-Cache"]) == ("1", "HIT")
    assert (miss.json()["version"], miss.headers["X-Cache"], miss.json()["cached"]) == ("1", "MISS", False)
    assert (await older.post("/predict/b")).headers["X-Cache"] == "HIT"
    assert (await older.post("/predict/b?version=3")).status_code == 502
    endpoints.down = {}
    assert (await older.post("/predict/b")).json()["version"] == "3"


async def test_a_fallback_may_be_on_another_platform(older: httpx.AsyncClient, kserve: HttpStub) -> None:
    options: dict[str, JsonValue] = {"url": kserve.url, "model": "m"}
    await register(older, "k", backend="kserve", options=options, promote=False)
    await register(older, "3", options={"endpoint_name": "second", "fallback_version": "k"}, probe=False)
    answer = (await older.post("/predict/b")).json()
    assert (answer["version"], answer["prediction"]) == ("k", 7.0)


async def test_where_both_are_down_the_first_error_is_told(
    older: httpx.AsyncClient, endpoints: Endpoints
) -> None:
    await register(older, "3", options={"endpoint_name": "second", "fallback_version": "1"}, probe=False)
    endpoints.down["transit"] = error("AccessDeniedException", 403)
    answer = await older.post("/predict/b")
    assert answer.status_code == 502
    assert "'second'" in answer.json()["detail"]


@pytest.mark.parametrize("fallback", ["9", "7"])
async def test_a_fallback_that_there_is_not_is_refused(older: httpx.AsyncClient, fallback: str) -> None:
    body = {
        "version": "7",
        "backend": "sagemaker",
        "options": {"endpoint_name": "second", "fallback_version": fallback},
    }
    answer = await older.post("/models/transit/versions", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "options.fallback_version"


async def test_while_the_breaker_is_open_a_miss_is_refused_at_once_and_a_hit_is_served(
    older: httpx.AsyncClient, endpoints: Endpoints, aws: AwsStub
) -> None:
    await open_the_breaker(older, endpoints)
    sent = len(aws.requests)
    answer = await older.post("/predict/b")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:sagemaker-fastapi:problem:backend-away")
    assert 1 <= int(answer.headers["Retry-After"]) <= 6
    assert len(aws.requests) == sent
    assert (await older.post("/predict/a?version=1")).headers["X-Cache"] == "HIT"
    assert (await older.post("/predict/a", headers=STALE)).headers["X-Cache"] == "STALE"
    ready = (await older.get("/health/ready")).json()
    assert ready["status"] == "degraded"
    assert "not called for a moment" in ready["parts"]["platform"]["reason"]


async def test_a_refusal_of_ours_is_no_other_processes(
    older: httpx.AsyncClient, endpoints: Endpoints, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it comes between the claim and the call, the claim is given up."""
    await open_the_breaker(older, endpoints)
    monkeypatch.setattr(SingleFlight, "refusal", lambda *_: None)
    assert (await older.post("/predict/b")).status_code == 503
    async with app.state.runtime.sessions() as session:
        held = text("select count(*) from content_claims where error ->> 'slug' = 'backend-away'")
        assert await session.scalar(held) == 0


async def open_the_breaker(client: httpx.AsyncClient, endpoints: Endpoints) -> None:
    endpoints.down["second"] = error("ServiceUnavailable", 503)
    for number in range(ENOUGH + 2):
        await client.put(f"/records/r{number}", json=order(float(number)))
        await client.post(f"/predict/r{number}")
