"""The overview over HTTP."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.signals.answered import note_as, note_failure
from app.schemas.overview.overview import (
    WINDOWS,
    AnswerCounts,
    CauseCount,
    LatencyPercentiles,
    Money,
    Overview,
)
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, prepare, register

NONE = LatencyPercentiles(count=0, p50=None, p95=None, p99=None)
NOTHING = AnswerCounts(hit=0, miss=0, coalesced=0, stale=0, error=0)
PRICES = "/models/transit/prices"


@pytest.fixture(autouse=True)
async def _model(app: FastAPI, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    await prepare(app.state.runtime.predictor)


async def overview(client: httpx.AsyncClient, window: str = "24h", **headers: str) -> Overview:
    answer = await client.get("/overview", params={"window": window}, headers=headers)
    assert answer.status_code == 200, answer.text
    return Overview.model_validate_json(answer.content)


async def test_of_nothing_there_is_nothing(client: httpx.AsyncClient) -> None:
    found = await overview(client)
    assert (found.answers, found.hit_rate, found.hit_latency, found.errors) == (NOTHING, None, NONE, [])
    saved = found.savings
    assert (saved.answers, saved.would_have_cost, saved.unpriced, saved.cost) == (0, [], [], [])


async def test_what_was_told_and_how_fast(client: httpx.AsyncClient) -> None:
    note_as("request", "transit", "1", "HIT", 0.0015, 6)
    note_as("batch", "transit", "1", "MISS", 0.0175, 2)
    note_as("evaluation", "transit", "1", "MISS", 40.0, 1000)
    note_as("job", "transit", "1", "HIT", 0.3, 500)
    note_as("request", "transit", "1", "COALESCED", 0.02)
    note_failure("batch", "transit", "1", "backend-timeout", 1.5, 3)
    note_failure("request", "", "", "not-found", 0.001)
    found = await overview(client)
    assert found.answers == AnswerCounts(hit=506, miss=1002, coalesced=1, stale=0, error=4)
    assert found.asked == AnswerCounts(hit=6, miss=2, coalesced=1, stale=0, error=4)
    assert found.hit_rate == pytest.approx(6 / 9)
    assert found.hit_latency == LatencyPercentiles(count=6, p50=1.5, p95=1.95, p99=1.99)
    assert found.miss_latency == LatencyPercentiles(count=2, p50=17.5, p95=19.75, p99=19.95)
    assert found.errors == [
        CauseCount(cause="backend-timeout", answers=3),
        CauseCount(cause="not-found", answers=1),
    ]
    assert found.steps[-1].errors + found.steps[-2].errors == found.errors


async def test_a_window_is_shown_by_steps_that_end_now(client: httpx.AsyncClient) -> None:
    note_as("request", "transit", "1", "HIT", 0.0015, 6)
    for window, steps in WINDOWS.items():
        found = await overview(client, window)
        moments = [one.at for one in found.steps]
        assert (len(moments), found.step_seconds) == (steps.number, steps.length.total_seconds())
        assert {b - a for a, b in itertools.pairwise(moments)} == {steps.length}
        assert moments[0] == found.answered_since
        assert timedelta(0) <= found.answered_until - moments[-1] < steps.length
        assert sum(one.answers.hit for one in found.steps[-2:]) == 6


async def test_what_the_cache_saved_by_what_a_call_costs(client: httpx.AsyncClient) -> None:
    assert (await client.post("/predict/a?model=transit")).status_code == 200
    note_as("request", "transit", "1", "HIT", 0.0015, 6)
    [unpriced] = (await overview(client)).savings.unpriced
    assert (unpriced.model, unpriced.reason) == ("transit", "no price")
    price = {"per": "call", "amount": "0.01", "currency": "USD", "valid_from": "2026-01-01T00:00:00Z"}
    await client.post(PRICES, json=price)
    found = await overview(client)
    assert (found.inferences.rows, found.inferences.calls, found.inferences.copies) == (1, 1, 0)
    assert found.savings.would_have_cost == [Money(currency="USD", amount=Decimal("0.06"))]
    assert found.savings.cost == [Money(currency="USD", amount=Decimal("0.01"))]
    assert found.savings.unpriced == []


async def test_what_is_live_waits_and_works(app: FastAPI, client: httpx.AsyncClient) -> None:
    asked = await client.post("/prediction-jobs", json={"all": True, "model": "transit"})
    assert asked.status_code == 202
    found = await overview(client)
    [live] = found.live_versions
    assert (live.model, live.version, live.backend) == ("transit", "1", "sagemaker")
    assert live.live_since is not None
    assert live.live_since <= datetime.now(UTC)
    assert {one.kind: one.waiting for one in found.queue} == {"chunks": 1, "evaluations": 0, "operations": 0}
    assert found.workers == 0
    runtime: Runtime = app.state.runtime
    async with runtime.sessions.begin() as session:
        alive = "insert into workers (id, until) values (gen_random_uuid(), now() + interval '1 hour')"
        await session.execute(text(alive))
    assert (await overview(client)).workers == 1


async def test_a_rollback_makes_live_since_then(client: httpx.AsyncClient) -> None:
    [first] = (await overview(client)).live_versions
    await register(client, "2")
    assert (await client.post("/models/transit/rollback")).status_code == 200
    [again] = (await overview(client)).live_versions
    assert again.version == "1"
    assert first.live_since is not None
    assert again.live_since is not None
    assert again.live_since > first.live_since


async def test_who_is_bound_is_told_of_its_models_alone(app: FastAPI, client: httpx.AsyncClient) -> None:
    note_as("request", "transit", "1", "HIT", 0.0015, 6)
    note_failure("request", "", "", "not-found", 0.001)
    await client.post("/predict/a?model=transit")
    await client.post(PRICES, json={"per": "row", "amount": "1", "currency": "USD"})
    runtime: Runtime = app.state.runtime

    async def key(name: str, models: list[str] | None, prefix: str = "") -> str:
        new = NewKey(name, ["read"], models=models, record_prefix=prefix)
        return f"Bearer {await keys.make(runtime.sessions, new)}"

    other = await overview(client, authorization=await key("other", ["other"]))
    assert (other.answers, other.inferences.rows, other.inferences.latency) == (NOTHING, 0, NONE)
    assert (other.savings.answers, other.savings.cost, other.savings.unpriced) == (0, [], [])
    assert other.live_versions == []
    own = await overview(client, authorization=await key("own", ["transit"]))
    assert (own.answers.hit, own.answers.error) == (6, 0)
    assert own.savings.would_have_cost == [Money(currency="USD", amount=Decimal(6))]
    tenant = {"authorization": await key("tenant", None, "a/")}
    refused = await client.get("/overview", headers=tenant)
    assert (refused.status_code, "all of them" in refused.json()["detail"]) == (403, True)


async def test_a_window_that_there_is_not(client: httpx.AsyncClient) -> None:
    refused = await client.get("/overview", params={"window": "2h"})
    assert (refused.status_code, "'24h'" in refused.text) == (422, True)
