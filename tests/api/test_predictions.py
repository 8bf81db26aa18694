"""Predictions over HTTP, on a real database and boto3 against a scripted runtime."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.settings import Settings
from app.main import create_app
from tests.support import aws_stub
from tests.support.aws_stub import AwsStub, csv, model_error
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import answer_ten_times, invocations, order, register, statuses, store
from tests.support.statements import recorded


@pytest.fixture
def aws(aws: AwsStub) -> AwsStub:
    aws.respond = answer_ten_times
    return aws


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit", "failure_hold": 0})


@pytest.fixture
async def predict(aws: AwsStub, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The client, with a live model and two records."""
    await register(client)
    await store(client, {"a": 1.5, "b": 2.5})
    return client


async def test_the_first_call_infers_and_the_second_is_a_hit(
    predict: httpx.AsyncClient, aws: AwsStub
) -> None:
    first, second = [await predict.post("/predict/a") for _ in range(2)]
    assert (first.status_code, first.json()["prediction"]) == (200, 15.0)
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    assert (first.json()["cached"], second.json()["cached"]) == (False, True)
    assert second.json() == first.json() | {"cached": True}
    assert second.headers["ETag"] == first.headers["ETag"]
    assert int(second.headers["Age"]) >= 0
    assert len(invocations(aws)) == 1


async def test_a_hit_is_one_statement_by_primary_keys(predict: httpx.AsyncClient, app: FastAPI) -> None:
    await predict.post("/predict/a")
    with recorded(app.state.runtime.database.engine) as seen:
        assert (await predict.post("/predict/a")).headers["X-Cache"] == "HIT"
    assert len(seen) == 1

    ((statement, parameters),) = seen
    async with app.state.runtime.database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        await driver.execute("set enable_seqscan = off")  # the tables are too small for an index to pay
        plan = "\n".join(row[0] for row in await driver.fetch(f"explain {statement}", *parameters))
    assert "Seq Scan" not in plan, plan
    for index in ("pk_input_objects", "pk_model_versions", "uq_predictions_current"):
        assert index in plan


async def test_a_miss_is_four_statements(predict: httpx.AsyncClient, app: FastAPI) -> None:
    await predict.post("/predict/b")  # the first of its version reads that, too
    with recorded(app.state.runtime.database.engine) as seen:
        assert (await predict.post("/predict/a")).headers["X-Cache"] == "MISS"
    assert len(seen) == 4
    assert not any("pg_notify" in statement for statement, _ in seen)


async def test_a_changed_input_is_a_miss_and_the_old_one_a_hit_again(
    predict: httpx.AsyncClient, aws: AwsStub
) -> None:
    await predict.post("/predict/a")
    await predict.put("/records/a", json=order(3.0))
    changed = await predict.post("/predict/a")
    assert (changed.headers["X-Cache"], changed.json()["prediction"]) == ("MISS", 30.0)
    await predict.put("/records/a", json=order(1.5))
    back = await predict.post("/predict/a")
    assert (back.headers["X-Cache"], back.json()["prediction"]) == ("HIT", 15.0)

    history = (await predict.get("/predictions", params={"record_id": "a"})).json()["items"]
    assert [item["prediction"] for item in history] == [30.0, 15.0]
    assert len({item["content_hash"] for item in history}) == 2


async def test_versions_have_rows_of_their_own_and_roll_back_revives_them(
    predict: httpx.AsyncClient, aws: AwsStub
) -> None:
    await predict.post("/predict/a")
    await register(predict, "2", options={"endpoint_name": "transit", "target_model": "2.tar.gz"})
    second = await predict.post("/predict/a")
    assert (second.headers["X-Cache"], second.json()["version"]) == ("MISS", "2")
    assert (await predict.post("/models/transit/rollback")).json()["live_version"] == "1"
    first = await predict.post("/predict/a")
    assert (first.headers["X-Cache"], first.json()["version"]) == ("HIT", "1")
    named = await predict.post("/predict/a", params={"version": "2"})
    assert named.headers["X-Cache"] == "HIT"
    assert invocations(aws)[1].headers["x-amzn-sagemaker-target-model"] == "2.tar.gz"


async def test_a_refresh_infers_anew_and_supersedes(predict: httpx.AsyncClient, aws: AwsStub) -> None:
    await predict.post("/predict/a")
    aws.script(csv("77"))
    fresh = await predict.post("/predict/a", params={"refresh": "true"})
    assert (fresh.headers["X-Cache"], fresh.json()["prediction"]) == ("MISS", 77.0)
    after = await predict.post("/predict/a")
    assert (after.headers["X-Cache"], after.json()["prediction"]) == ("HIT", 77.0)
    history = (await predict.get("/predictions", params={"record_id": "a"})).json()["items"]
    assert [item["superseded_at"] is None for item in history] == [True, False]


async def test_a_batch_keeps_order_and_items_do_not_spoil_each_other(
    predict: httpx.AsyncClient, aws: AwsStub
) -> None:
    ids = ["a", "missing", "a", "b\0", "b"]
    answer = await predict.post("/predict", json={"record_ids": ids})
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert statuses(items) == [200, 404, 200, 422, 200]
    assert [item["record_id"] for item in items] == ids
    assert [item.get("prediction") for item in items] == [15.0, None, 15.0, None, 25.0]
    (call,) = invocations(aws)
    assert sorted(call.body.split()) == [b"1.5", b"2.5"]


async def test_what_cannot_be_stored_fails_alone_in_a_batch(predict: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    ids = await predict.post("/predict", content=r'{"record_ids": ["a", "\ud800"]}', headers=headers)
    assert statuses(ids.json()["items"]) == [200, 422]
    bad = json.dumps(order(float("nan")))
    inputs = await predict.post(
        "/predict", content=f'{{"inputs": [{json.dumps(order())}, {bad}]}}', headers=headers
    )
    items = inputs.json()["items"]
    assert statuses(items) == [200, 422]
    assert items[1]["problem"]["errors"][0]["field"] == "inputs[1].recent_transit_ratio"


async def test_a_bad_output_spoils_its_own_item_only_and_is_not_cached(
    predict: httpx.AsyncClient, aws: AwsStub
) -> None:
    aws.respond = lambda request: csv(
        "\n".join("nan" if row == b"1.5" else "2" for row in request.body.split())
    )
    items = (await predict.post("/predict", json={"record_ids": ["a", "b"]})).json()["items"]
    assert statuses(items) == [502, 200]
    assert "bad-output" in items[0]["problem"]["type"]
    alone = await predict.post("/predict/a")
    assert alone.status_code == 502
    assert alone.headers["content-type"] == "application/problem+json"
    aws.respond = answer_ten_times
    assert (await predict.post("/predict/a")).headers["X-Cache"] == "MISS"


@pytest.mark.parametrize("reply", ["Infinity", "1e400", "", "1,2,3\n", "1\n2", '{"predictions": [1]}'])
async def test_what_cannot_be_a_prediction_is_a_502(
    predict: httpx.AsyncClient, aws: AwsStub, reply: str
) -> None:
    aws.script(csv(reply))
    assert (await predict.post("/predict/a")).status_code == 502
    assert (await predict.get("/predictions")).json()["items"] == []


async def test_inline_inputs_meet_the_same_cache(predict: httpx.AsyncClient, aws: AwsStub) -> None:
    shuffled = dict(reversed(order(4.0).items()))
    inputs = [order(4.0), {"carrier": "UA"}, shuffled, order(4.0, carrier="U\0")]
    items = (await predict.post("/predict", json={"inputs": inputs})).json()["items"]
    assert statuses(items) == [200, 422, 200, 422]
    assert items[0]["record_id"] == items[2]["record_id"]
    assert "inputs[1].origin" in {error["field"] for error in items[1]["problem"]["errors"]}
    again = (await predict.post("/predict", json={"inputs": [order(4)]})).json()["items"]
    assert (again[0]["cache"], again[0]["prediction"]) == ("HIT", 40.0)
    assert (await predict.post(f"/predict/{items[0]['record_id']}")).headers["X-Cache"] == "HIT"
    assert len(invocations(aws)) == 1


async def test_an_empty_batch_has_no_items(predict: httpx.AsyncClient) -> None:
    for name in ("record_ids", "inputs"):
        assert (await predict.post("/predict", json={name: []})).json() == {"items": []}


async def test_a_model_without_a_live_version_says_so(client: httpx.AsyncClient, aws: AwsStub) -> None:
    await register(client, promote=False)
    await store(client, {"a": 1.0})
    answer = await client.post("/predict/a")
    assert answer.status_code == 409
    assert "live" in answer.json()["detail"]
    assert (await client.post("/predict/a", params={"version": "1"})).status_code == 200


@pytest.mark.parametrize("record_id", ["kg/s", "100%", "a b", "a+b", "Zürich", "🚚", "%2F", "a?b#c"])
async def test_any_legal_id_is_predicted_by_path_and_by_body(
    predict: httpx.AsyncClient, record_id: str
) -> None:
    await store(predict, {record_id: 2.0})
    by_path = await predict.post(f"/predict/{quote(record_id, safe='')}")
    assert by_path.json()["record_id"] == record_id
    by_body = await predict.post("/predict", json={"record_ids": [record_id]})
    assert by_body.json()["items"][0]["cache"] == "HIT"


async def test_concurrent_first_calls_infer_once_and_all_succeed(
    predict: httpx.AsyncClient, aws: AwsStub
) -> None:
    answers = await asyncio.gather(*(predict.post("/predict/a") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(invocations(aws)) == 1
    states = [answer.headers["X-Cache"] for answer in answers]
    assert states.count("MISS") == 1


async def test_hits_stay_fast_and_nothing_is_held_while_a_model_is_slow(
    predict: httpx.AsyncClient, aws: AwsStub, app: FastAPI
) -> None:
    await predict.post("/predict/a")
    await store(predict, {f"slow-{index}": float(index) for index in range(50)})
    release = threading.Event()
    aws.respond = lambda request: aws_stub.Answer(
        200, answer_ten_times(request).body, {"Content-Type": "text/csv"}, wait=release
    )
    slow = [asyncio.create_task(predict.post(f"/predict/slow-{index}")) for index in range(50)]
    await until(lambda: len(invocations(aws)) == 33)  # the limit of calls at once, and the one of before
    await until(lambda: app.state.runtime.database.engine.pool.checkedout() == 0)
    assert (await asyncio.wait_for(predict.post("/predict/a"), TIMEOUT)).headers["X-Cache"] == "HIT"
    release.set()
    assert {answer.status_code for answer in await asyncio.gather(*slow)} == {200}


async def test_a_caller_who_goes_away_leaves_the_result_behind(
    predict: httpx.AsyncClient, aws: AwsStub, app: FastAPI
) -> None:
    release = threading.Event()
    aws.respond = lambda request: aws_stub.Answer(200, b"8", {"Content-Type": "text/csv"}, wait=release)
    calls = [asyncio.create_task(predict.post("/predict/a")) for _ in range(20)]
    await until(lambda: len(invocations(aws)) == 1)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    release.set()
    await until(lambda: not app.state.runtime.predictor.flights.busy)
    answer = await predict.post("/predict/a")
    assert (answer.headers["X-Cache"], answer.json()["prediction"]) == ("HIT", 8.0)
    assert len(invocations(aws)) == 1
    assert app.state.runtime.database.engine.pool.checkedout() == 0


async def test_a_failure_is_shared_and_then_tried_again(
    predict: httpx.AsyncClient, aws: AwsStub, app: FastAPI
) -> None:
    aws.script(model_error(415))
    answers = await asyncio.gather(*(predict.post("/predict/a") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {502}
    assert len(invocations(aws)) == 1
    assert "secret" not in answers[0].text
    aws.respond = answer_ten_times
    assert (await predict.post("/predict/a")).status_code == 200


async def test_expired_predictions_are_inferred_again(
    aws: AwsStub, settings: Settings, client: httpx.AsyncClient
) -> None:
    await register(client)
    await store(client, {"a": 1.0})
    limited = create_app(settings.model_copy(update={"prediction_ttl": 3600}))
    async with (
        limited.router.lifespan_context(limited),
        httpx.AsyncClient(transport=httpx.ASGITransport(limited), base_url="http://t") as other,
    ):
        assert (await other.post("/predict/a")).headers["X-Cache"] == "MISS"
        assert (await other.post("/predict/a")).headers["X-Cache"] == "HIT"
        async with limited.state.runtime.database.transactions.begin() as session:
            long_ago = "update predictions set computed_at = computed_at - interval '1 hour'"
            await session.execute(text(long_ago))
        assert (await other.post("/predict/a")).headers["X-Cache"] == "MISS"
    history = (await client.get("/predictions")).json()["items"]
    assert [item["superseded_at"] is None for item in history] == [True, False]


async def test_the_ttl_is_that_of_the_process_that_answers(
    aws: AwsStub, settings: Settings, client: httpx.AsyncClient
) -> None:
    """What was computed before there was one does not live for ever."""
    await register(client)
    await store(client, {"a": 1.0})
    assert (await client.post("/predict/a?model=transit")).headers["X-Cache"] == "MISS"
    limited = create_app(settings.model_copy(update={"prediction_ttl": 1e-6}))
    async with running(limited) as other:
        assert (await other.post("/predict/a?model=transit")).headers["X-Cache"] == "MISS"
    assert (await client.post("/predict/a?model=transit")).headers["X-Cache"] == "HIT"
    assert len(invocations(aws)) == 2


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://t") as client,
    ):
        yield client


async def test_the_history_is_paged_and_filtered(predict: httpx.AsyncClient) -> None:
    ids = [f"r{index}" for index in range(5)]
    await store(predict, {record_id: float(index) for index, record_id in enumerate(ids)})
    for record_id in ids:
        await predict.post(f"/predict/{record_id}")
    seen, cursor = [], None
    while True:
        params: dict[str, str] = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await predict.get("/predictions", params=params)).json()
        seen += [item["record_id"] for item in page["items"]]
        if not (cursor := page["next_cursor"]):
            break
    assert seen == ids[::-1]
    found = (await predict.get("/predictions", params={"record_id": "r2", "model": "transit"})).json()[
        "items"
    ]
    assert [item["raw_output"] for item in found] == [20.0]
    one = await predict.get(f"/predictions/{found[0]['id']}")
    assert one.json() == found[0]
    assert (await predict.get("/predictions", params={"version": "2"})).json()["items"] == []
    middle = found[0]["computed_at"]
    later = await predict.get("/predictions", params={"computed_since": middle})
    assert [item["record_id"] for item in later.json()["items"]] == ["r4", "r3", "r2"]
    earlier = await predict.get("/predictions", params={"computed_until": middle})
    assert [item["record_id"] for item in earlier.json()["items"]] == ["r1", "r0"]
