"""What a caller is told whose requests, or inferences, are used up."""

import httpx
from fastapi import FastAPI

from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, order, prepare


async def headers_of(runtime: Runtime, new: NewKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {await keys.make(runtime.sessions, new)}"}


async def test_too_many_requests(app: FastAPI, client: httpx.AsyncClient) -> None:
    new = NewKey("slow", ["read", "predict"], requests_per_second=0.01)
    headers = await headers_of(app.state.runtime, new)
    assert (await client.get("/records", headers=headers)).status_code == 200
    for method, path in (("GET", "/records"), ("POST", "/predict/a"), ("GET", "/nowhere")):
        answer = await client.request(method, path, headers=headers)
        assert answer.status_code == 429
        assert answer.json()["type"].endswith(":too-many-requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 100
    assert (await client.get("/health/live", headers=headers)).status_code == 200
    other = await headers_of(app.state.runtime, NewKey("other", ["read"]))
    assert (await client.get("/records", headers=other)).status_code == 200


async def test_a_spent_budget(app: FastAPI, client: httpx.AsyncClient, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    runtime: Runtime = app.state.runtime
    await prepare(runtime.predictor)
    client.headers.update(await headers_of(runtime, NewKey("admin", ["admin"])))
    items = [{"id": f"r{number}", "input": order(float(number))} for number in range(3)]
    assert (await client.post("/records", json=items)).status_code == 200

    new = NewKey("a", ["predict"], inferences_per_day=2)
    client.headers.update(await headers_of(runtime, new))
    assert (await client.post("/predict/r1?model=transit")).status_code == 200
    asked = {"record_ids": ["r0", "r1", "r2"], "model": "transit"}
    answers = (await client.post("/predict", json=asked)).json()["items"]
    assert [one["status"] for one in answers] == [200, 200, 429]
    assert answers[2]["problem"]["type"].endswith(":budget-spent")
    assert 0 < answers[2]["problem"]["retry_after"] <= 86_400
    refused = await client.post("/predict/r2?model=transit")
    assert refused.status_code == 429
    assert refused.json()["type"].endswith(":budget-spent")
    assert 1 <= int(refused.headers["retry-after"]) <= 86_400
    hit = await client.post("/predict/r1?model=transit")
    assert (hit.status_code, hit.headers["x-cache"]) == (200, "HIT")
