"""A use case whose preprocess makes payloads, over HTTP: registered, probed, predicted, kept."""

from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from app.schemas.payloads import Payload
from examples.transit.input_object import InputObject
from tests.support.app import client_of, running_app
from tests.support.aws_stub import Answer, AwsStub, Request, model_error, reply
from tests.support.orders import answer_ten_times, invocations, register, store
from tests.support.use_case import changed


def preprocess(items: Sequence[InputObject]) -> list[Payload]:
    return [Payload(str(item.recent_transit_ratio).encode(), "image/x-test") for item in items]


def postprocess(outputs: Sequence[JsonValue]) -> list[JsonValue]:
    """The model's whole answer is one output."""
    return [output["minutes"] if isinstance(output, dict) else None for output in outputs]


def see(request: Request) -> Answer:
    """A model of images, which refuses one of them."""
    if "invocations" not in request.path:
        return answer_ten_times(request)
    assert request.headers["content-type"] == "image/x-test"
    ratio = request.body.decode()
    return model_error(400) if ratio == "13.0" else reply({"label": "late", "minutes": 10 * float(ratio)})


@pytest.fixture
async def client(settings: Settings, aws: AwsStub) -> AsyncIterator[httpx.AsyncClient]:
    aws.respond = see
    chosen = settings.model_copy(update={"default_model": "transit", "failure_hold": 0})
    use_case = changed(FEATURES=(), preprocess=preprocess, postprocess=postprocess)
    async with running_app(chosen, use_case) as app, client_of(app) as client:
        yield client


async def test_from_the_probe_to_a_hit(client: httpx.AsyncClient, aws: AwsStub) -> None:
    await store(client, {"a": 1.5})
    await store(client, {"bad": 13.0})
    await register(client, features=None, promote=False)
    refused = await client.post("/models/transit/promote", json={"version": "1"})
    assert refused.status_code == 502, refused.text  # the newest record is the one that it refuses
    await client.delete("/records/bad")
    promoted = await client.post("/models/transit/promote", json={"version": "1"})
    assert promoted.status_code == 200, promoted.text
    first, second = [await client.post("/predict/a") for _ in range(2)]
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    assert first.json()["prediction"] == second.json()["prediction"] == 15
    assert [one.body for one in invocations(aws)] == [b"13.0", b"1.5", b"1.5"]


async def test_each_of_a_batch_by_itself(client: httpx.AsyncClient, aws: AwsStub) -> None:
    await register(client, features=None)
    await store(client, {"a": 1.5, "b": 2.5, "bad": 13.0})
    answer = await client.post("/predict", json={"record_ids": ["a", "bad", "b"]})
    found = {item["record_id"]: item for item in answer.json()["items"]}
    assert {name: item["status"] for name, item in found.items()} == {"a": 200, "bad": 502, "b": 200}
    assert found["b"]["prediction"] == 25
    assert sorted(one.body for one in invocations(aws)) == [b"1.5", b"13.0", b"2.5"]
