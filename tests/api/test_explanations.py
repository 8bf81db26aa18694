"""Predictions with explanations over HTTP: what is asked for, what is answered, and what is refused."""

import httpx
import pytest
from pydantic import JsonValue

from app.schemas.predictions.predictions import BatchAnswer, Prediction
from tests.support.aws_stub import AwsStub
from tests.support.clarify import OPTIONS, either, explaining
from tests.support.orders import invocations, order, register, store

EXPLANATION = {
    "explainer": "clarify",
    "base_value": 5.0,
    "contributions": {"recent_transit_ratio": 10.0},
    "explains": 15.0,
}


@pytest.fixture(autouse=True)
async def explained_version(client: httpx.AsyncClient, aws: AwsStub) -> None:
    """The live version of `transit` has an explainer, and version 2 has none."""
    aws.respond = either
    await register(client, options=OPTIONS)
    await register(client, "2", promote=False)
    await store(client, {"a": 1.5, "c": 2.0})


async def test_an_answer_has_its_explanation_where_it_is_asked_for(
    client: httpx.AsyncClient, aws: AwsStub
) -> None:
    miss = await client.post("/predict/a?model=transit&explain=true")
    assert (miss.status_code, miss.headers["x-cache"]) == (200, "MISS")
    explanation = miss.json()["explanation"]
    assert explanation.pop("computed_at").endswith("Z")
    assert explanation == EXPLANATION
    hit = await client.post("/predict/a?model=transit&explain=true")
    assert (hit.headers["x-cache"], hit.headers["etag"]) == ("HIT", miss.headers["etag"])
    assert hit.json() == miss.json() | {"cached": True}
    Prediction.model_validate(hit.json())
    for plain in ("/predict/a?model=transit", "/predict/a?model=transit&explain=false"):
        answer = await client.post(plain)
        assert answer.headers["etag"] == miss.headers["etag"]
        assert "explanation" not in answer.json()
    assert len(invocations(aws)) == 1


async def test_each_item_of_a_batch_has_its_own(client: httpx.AsyncClient, aws: AwsStub) -> None:
    body: dict[str, JsonValue] = {"record_ids": ["a", "missing", "c"], "model": "transit", "explain": True}
    answer = await client.post("/predict", json=body)
    BatchAnswer.model_validate(answer.json())
    items = answer.json()["items"]
    assert [item["status"] for item in items] == [200, 404, 200]
    assert [items[place]["explanation"]["explains"] for place in (0, 2)] == [15.0, 20.0]
    assert [item.get("cache") for item in items] == ["MISS", None, "MISS"]
    inline = await client.post("/predict", json={"inputs": [order(1.5)], "model": "transit", "explain": True})
    [item] = inline.json()["items"]
    assert (item["cache"], item["explanation"]["contributions"]) == ("HIT", EXPLANATION["contributions"])
    assert len(explaining(aws)) == 1
    plain = await client.post("/predict", json=body | {"explain": False})
    assert all("explanation" not in item for item in plain.json()["items"])


@pytest.mark.parametrize("path", ["/predict/a?model=transit&version=2&explain=true", "/predict"])
async def test_a_version_without_an_explainer_refuses_it(client: httpx.AsyncClient, path: str) -> None:
    body = {"record_ids": ["a"], "model": "transit", "version": "2", "explain": True}
    answer = await client.post(path, json=body if path == "/predict" else None)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["detail"] == "Version '2' of model 'transit' has no explainer."
    [fault] = problem["errors"]
    assert (fault["field"], "the option explainer" in fault["message"]) == ("explain", True)


@pytest.mark.parametrize("said", ["maybe", "1.5", ""])
async def test_explain_is_true_or_false(client: httpx.AsyncClient, said: str) -> None:
    answer = await client.post(f"/predict/a?model=transit&explain={said}")
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["explain"]


async def test_a_preference_holds_for_it_too(client: httpx.AsyncClient) -> None:
    answer = await client.post("/predict/a?model=transit&explain=true", headers={"Prefer": "wait=5"})
    assert answer.headers["preference-applied"] == "wait=5"
    assert answer.json()["explanation"]["explains"] == 15.0
