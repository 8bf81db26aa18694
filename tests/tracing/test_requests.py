"""One trace from the caller through the service's statements to the platform, as a collector receives it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from app.core.settings import Settings
from app.main import create_app
from tests.support.app import client_of
from tests.support.aws_stub import AwsStub, model_error
from tests.support.eventually import until
from tests.support.orders import answer_ten_times, invocations, order, register
from tests.support.otlp import Collector, SentSpan, collector
from tests.support.use_case import TRANSIT

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"
RECORD = "canary-7f3a@customers.example"


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector(monkeypatch) as found:
        yield found


@pytest.fixture
async def client(settings: Settings, aws: AwsStub, collected: Collector) -> AsyncIterator[httpx.AsyncClient]:
    aws.respond = answer_ten_times
    async with traced(settings) as client:
        yield client


@asynccontextmanager
async def traced(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings.model_copy(update={"default_model": "transit", "failure_hold": 0}), TRANSIT)
    async with app.router.lifespan_context(app), client_of(app) as client:
        await register(client)
        await client.put(f"/records/{RECORD}", json=order(1.5))
        yield client


async def of_the_caller(collected: Collector) -> list[SentSpan]:
    """The spans of the caller's trace, once that of the request has come: it ends, and is sent, as the last.

    But for questions after keys, which are asked now and then.
    """
    await until(lambda: any(one.kind == 2 for one in found(collected)))
    return [one for one in found(collected) if one.name != "SELECT api_keys"]


def found(collected: Collector) -> list[SentSpan]:
    return [one for one in collected.spans() if one.trace_id == TRACE]


async def test_a_miss_is_one_trace_from_the_caller_to_the_platform(
    client: httpx.AsyncClient, collected: Collector, aws: AwsStub
) -> None:
    await client.put("/records/other", json=order(2.5))
    await client.post("/predict/other")  # the first of its version reads that, too
    headers = {"traceparent": SAMPLED, "tracestate": "vendor=x1", "baggage": "who=canary-baggage"}
    answer = await client.post(f"/predict/{RECORD}", headers=headers)
    assert answer.headers["X-Cache"] == "MISS"
    assert not {"traceparent", "tracestate", "baggage"} & {*answer.headers}

    spans = await of_the_caller(collected)
    by_id = {one.span_id: one for one in spans}
    (request,) = [one for one in spans if one.kind == 2]
    assert (request.name, request.parent_id) == ("POST /predict/{record_id}", PARENT)
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/predict/{record_id}",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "sagemaker_fastapi.cache": "MISS",
    }
    assert all(one.parent_id in by_id for one in spans if one is not request)
    assert {one.service for one in spans} == {"sagemaker-fastapi"}

    statements = [one for one in spans if "db.system.name" in one.attributes]
    assert len(statements) == 4  # as a miss has: see api/test_predictions.py
    assert all(one.attributes["db.query.summary"] == one.name for one in statements)
    (sent,) = [one for one in spans if one.name == "POST"]
    assert sent.attributes["http.response.status_code"] == 200
    assert by_id[sent.parent_id].name == "SageMakerRuntime.InvokeEndpoint"
    infer = by_id[by_id[sent.parent_id].parent_id]
    assert infer.attributes == {
        "sagemaker_fastapi.model": "transit",
        "sagemaker_fastapi.version": "1",
        "sagemaker_fastapi.rows": 1,
    }
    asked = invocations(aws)[-1]
    assert asked.headers["traceparent"] == f"00-{TRACE}-{sent.span_id}-01"
    assert asked.headers["tracestate"] == "vendor=x1"
    assert "traceparent" not in asked.headers["authorization"]  # a mesh on the way may put its own there
    assert "baggage" not in asked.headers
    assert RECORD.encode() not in collected.raw
    assert b"canary" not in collected.raw


async def test_a_hit_is_its_request_and_its_statement(
    client: httpx.AsyncClient, collected: Collector
) -> None:
    await client.post(f"/predict/{RECORD}")
    await client.post(f"/predict/{RECORD}", headers={"traceparent": SAMPLED})
    request, statement = sorted(await of_the_caller(collected), key=lambda one: one.kind)
    assert request.attributes["sagemaker_fastapi.cache"] == "HIT"
    assert statement.parent_id == request.span_id


async def test_what_is_looked_up_together_has_links_to_each(
    client: httpx.AsyncClient, collected: Collector
) -> None:
    await client.post(f"/predict/{RECORD}")
    await asyncio.gather(*(client.post(f"/predict/{RECORD}") for _ in range(5)))
    await until(lambda: len(collected.named("POST /predict/{record_id}")) == 6)
    traces = {one.trace_id for one in collected.named("POST /predict/{record_id}")}
    await until(lambda: any(one.links for one in collected.spans()))
    shared = [one for one in collected.spans() if one.links]
    assert all({one.trace_id, *one.links} <= traces for one in shared)
    assert all(one.trace_id not in one.links for one in shared)


async def test_who_is_not_sampled_sends_nothing_and_the_platform_is_told_so(
    client: httpx.AsyncClient, collected: Collector, aws: AwsStub
) -> None:
    await client.post(f"/predict/{RECORD}", headers={"traceparent": UNSAMPLED})
    (asked,) = invocations(aws)
    _, trace, _, flags = asked.headers["traceparent"].split("-")
    assert (trace, flags) == (TRACE, "00")
    await client.get("/models", headers={"traceparent": f"00-{'1' * 32}-{PARENT}-01"})
    await until(lambda: bool(collected.named("GET /models")))
    assert found(collected) == []


async def test_what_fails_is_marked_by_its_kind_alone(
    client: httpx.AsyncClient, collected: Collector, aws: AwsStub
) -> None:
    aws.respond = lambda _: model_error(400, f"cannot take {RECORD}")
    await client.post(f"/predict/{RECORD}", headers={"traceparent": SAMPLED})
    spans = await of_the_caller(collected)
    told = {one.name: one.attributes.get("error.type") for one in spans if one.failed}
    assert told["POST"] == "424"
    assert told["POST /predict/{record_id}"] == "502"
    assert b"canary" not in collected.raw


async def test_ids_are_in_no_route_and_probes_are_no_traces(
    client: httpx.AsyncClient, collected: Collector
) -> None:
    asked = ["/records/a%2Fb", "/records/a/label", "/nowhere/canary", "/health/live", "/health/ready"]
    for path in asked:
        await client.get(path)
    await client.head(f"/records/{RECORD}")
    await client.request("BREW", "/models")
    names = [*("GET /records/{record_id}", "GET /records/{record_id}/label", "GET"), "HTTP /models"]
    await until(lambda: {*names} <= {one.name for one in collected.spans()})
    await until(lambda: bool(collected.named("HEAD /records/{record_id}")))
    assert not [one for one in collected.spans() if "health" in one.name]
    assert b"canary" not in collected.raw
