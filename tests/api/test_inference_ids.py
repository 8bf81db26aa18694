"""What each call was called, and what the model said beside its outputs, is in the history."""

from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from app.core.settings import Settings
from tests.support.aws_stub import Answer, AwsStub, Request, model_error
from tests.support.orders import answer_ten_times, invocations, register, store

SAID = "trace-7;cost=0.2"


def answer(request: Request) -> Answer:
    made = answer_ten_times(request)
    said = {"X-Amzn-SageMaker-Custom-Attributes": SAID} if "invocations" in request.path else {}
    return Answer(made.status, made.body, {**made.headers, **said})


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit", "failure_hold": 0})


@pytest.fixture
async def predict(aws: AwsStub, client: httpx.AsyncClient) -> httpx.AsyncClient:
    aws.respond = answer
    await register(client, options={"endpoint_name": "transit", "custom_attributes": "asked by tests"})
    await store(client, {"a": 1.5, "b": 2.5})
    return client


async def test_rows_of_one_call_share_its_id_and_have_a_place_each(
    predict: httpx.AsyncClient, aws: AwsStub
) -> None:
    with capture_logs() as logs:
        await predict.post("/predict", json={"record_ids": ["a", "b"]})
    (call,) = invocations(aws)
    assert call.headers["x-amzn-sagemaker-custom-attributes"] == "asked by tests"
    kept = (await predict.get("/predictions")).json()["items"]
    assert {one["inference_id"] for one in kept} == {call.headers["x-amzn-sagemaker-inference-id"]}
    assert UUID(kept[0]["inference_id"]).version == 4
    rows = {line: place for place, line in enumerate(call.body.decode().splitlines())}
    assert {one["record_id"]: one["inference_position"] for one in kept} == {
        "a": rows["1.5"],
        "b": rows["2.5"],
    }
    assert [one["custom_attributes"] for one in kept] == [SAID, SAID]
    alone = (await predict.get(f"/predictions/{kept[0]['id']}")).json()
    assert alone == kept[0]
    assert SAID not in str(logs)
    assert SAID not in (await predict.post("/predict/a")).text


async def test_each_call_has_an_id_of_its_own_and_a_copy_none(
    predict: httpx.AsyncClient, aws: AwsStub
) -> None:
    first_fails = iter([model_error(503)])
    aws.respond = lambda request: next(first_fails, answer(request))
    await predict.post("/predict/a")
    await predict.post("/predict/a?refresh=true")
    await store(predict, {"same": 1.5})
    await predict.post("/predict/same")
    ids = [call.headers["x-amzn-sagemaker-inference-id"] for call in invocations(aws)]
    assert len({*ids}) == len(ids) == 3
    items = (await predict.get("/predictions")).json()["items"]
    copied, refreshed, first = items
    assert [first["inference_id"], refreshed["inference_id"]] == ids[1:]
    assert copied["source_id"] == refreshed["id"]
    assert (copied["inference_id"], copied["inference_position"], copied["custom_attributes"]) == (None,) * 3
