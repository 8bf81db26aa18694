"""What `/metrics` tells, and whom."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from app.core.errors import BackendDown
from app.db.server import usage
from app.schemas.evaluations.runs import EvaluationRequest
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.evaluations import runs
from app.services.evaluations.evaluator import Evaluator
from app.services.hosting.breaker import ENOUGH
from app.services.runtime import Runtime
from app.services.signals import database
from app.services.signals.gauges import POOL_SIZE, POOL_USED, POOL_WAITING, gauges
from tests.support.aws_stub import AwsStub, error
from tests.support.eventually import TIMEOUT, until
from tests.support.judged_orders import store_judged_orders
from tests.support.metrics import families_of, samples, value
from tests.support.orders import answer_ten_times
from tests.support.use_case import TRANSIT

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0; charset=utf-8,text/plain;q=0.5"}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "KEPT", 0.0)
    monkeypatch.setattr(database, "PATIENCE", TIMEOUT)


@pytest.fixture
def runtime(app: FastAPI) -> Runtime:
    found: Runtime = app.state.runtime
    return found


async def scraped(client: httpx.AsyncClient) -> str:
    found = await client.get("/metrics")
    assert found.status_code == 200, found.text
    return found.text


async def test_both_formats_tell_the_same(client: httpx.AsyncClient) -> None:
    await client.post("/predict/a")
    plain = await client.get("/metrics")
    openmetrics = await client.get("/metrics", headers=OPENMETRICS)
    assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert openmetrics.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    names = [one.name.removesuffix("_info") for one in families_of(plain.text)]
    assert names == [one.name for one in families_of(openmetrics.text, as_openmetrics=True)]
    head = await client.head("/metrics")
    assert (head.status_code, head.content, head.headers["Content-Type"]) == (
        *(200, b""),
        plain.headers["Content-Type"],
    )


async def test_what_was_done_is_counted(client: httpx.AsyncClient, aws: AwsStub) -> None:
    before = await scraped(client)
    await asyncio.gather(*(client.post("/predict/a") for _ in range(3)))
    await client.post("/predict", json={"record_ids": ["a", "b", "c"]})
    aws.respond = lambda _: error("ValidationError", 400)
    await client.post("/predict/a?refresh=true")
    after = await scraped(client)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("predictions_total", model="transit", version="1", outcome="coalesced") == 2
    assert more("predictions_total", outcome="hit", origin="batch") == 1
    assert more("predictions_total", cause="backend-refused", outcome="error") == 1
    assert more("prediction_duration_seconds_count", outcome="miss") == 3
    assert more("prediction_duration_seconds_bucket", outcome="miss", le="+Inf") == 3
    assert more("platform_call_duration_seconds_count", version="1") == 3
    assert more("platform_call_rows_sum", outcome="ok") == 3
    assert more("http_request_duration_seconds_count", route="/predict/{record_id}", status="2xx") == 3
    assert more("http_request_duration_seconds_count", route="/predict/{record_id}", status="5xx") == 1
    assert more("http_request_duration_seconds_count", route="/metrics", method="GET") == 1


async def test_a_call_that_is_made_again(client: httpx.AsyncClient, aws: AwsStub) -> None:
    before, answers = await scraped(client), [error("ServiceUnavailable", 503)]
    aws.respond = lambda request: answers.pop() if answers else answer_ten_times(request)
    assert (await client.post("/predict/a")).status_code == 200
    after = await scraped(client)
    assert value(after, "platform_call_retries_total") - value(before, "platform_call_retries_total") == 1


async def test_a_breaker_that_is_open(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await client.post("/predict/a")
    assert (
        samples(await scraped(client))["breaker_open", frozenset({("model", "transit"), ("version", "1")})]
        == 0
    )
    [(_, breaker)] = runtime.inference.breakers()
    for _ in range(ENOUGH):
        breaker.failed(BackendDown("It is down."), breaker.admit())
    assert value(await scraped(client), "breaker_open", version="1") == 1


async def test_connections_in_use_and_who_waits_for_them(runtime: Runtime) -> None:
    size, held = usage.of(runtime.database.engine).size, [runtime.sessions() for _ in range(12)]
    using = [asyncio.create_task(session.connection()) for session in held]
    await until(lambda: usage.of(runtime.database.engine) == (size, size, len(held) - size))
    found = gauges(runtime)
    assert found[POOL_USED, ("shared",)] == found[POOL_SIZE, ("shared",)] == size
    assert found[POOL_WAITING, ("shared",)] == len(held) - size
    for task, session in sorted(zip(using, held, strict=True), key=lambda one: not one[0].done()):
        await task
        await session.close()
    assert gauges(runtime)[POOL_WAITING, ("shared",)] == 0


async def test_work_that_waits_and_workers(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await runs.ask(runtime.sessions, TRANSIT, EvaluationRequest(), default_model="transit")
    await client.post("/predict/a", headers={"Prefer": "respond-async"})
    found = await scraped(client)
    assert value(found, "queue_tasks", kind="evaluate", state="waiting") == 1
    assert value(found, "queue_tasks", kind="operation", state="waiting") == 1
    assert value(found, "queue_oldest_task_age_seconds", kind="operation") > 0
    assert (value(found, "workers"), value(found, "database_up")) == (0, 1)


async def test_the_newest_evaluation_of_a_live_version(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await store_judged_orders(runtime.sessions)
    asked = await runs.ask(runtime.sessions, TRANSIT, EvaluationRequest(), default_model="transit")
    await Evaluator(runtime).run(asked.id)
    found = samples(await scraped(client))
    labels = frozenset({("model", "transit"), ("version", "1"), ("metric", "mae")})
    assert found["evaluation_metric", labels] == pytest.approx(5 / 3)


async def test_it_takes_a_key_that_may_read_and_is_bound_to_nothing(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    given = {
        "reader": NewKey("reader", ["read"]),
        "predictor": NewKey("predictor", ["predict"]),
        "of_a_model": NewKey("of_a_model", ["read"], models=["transit"]),
        "of_a_prefix": NewKey("of_a_prefix", ["read"], record_prefix="acme/"),
    }
    statuses = {}
    for name, new in given.items():
        key = await keys.make(runtime.sessions, new)
        headers = {"Authorization": f"Bearer {key}"}
        statuses[name] = (await client.get("/metrics", headers=headers)).status_code
    assert statuses == {"reader": 200, "predictor": 403, "of_a_model": 403, "of_a_prefix": 403}
    assert (await client.get("/metrics")).status_code == 401
