"""A caller that waits for less: `Prefer: wait=5` (RFC 7240)."""

import asyncio
import threading
from collections.abc import Iterator

import httpx
import pytest

from app.core.settings import Settings
from tests.support.aws_stub import Answer, AwsStub, Request
from tests.support.eventually import TIMEOUT
from tests.support.orders import answer_ten_times, invocations, register, store


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit"})


@pytest.fixture
async def client(client: httpx.AsyncClient, aws: AwsStub) -> httpx.AsyncClient:
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {"slow": 1.5, "hit": 2.5})
    await client.post("/predict/hit")
    return client


@pytest.fixture
def gate(client: httpx.AsyncClient, aws: AwsStub) -> Iterator[threading.Event]:
    """Opens the model."""
    gate = threading.Event()

    def respond(request: Request) -> Answer:
        answer = answer_ten_times(request)
        return Answer(answer.status, answer.body, answer.headers, wait=gate)

    aws.respond = respond
    yield gate
    gate.set()


async def test_a_shorter_wait_ends_alone_and_the_work_goes_on(
    client: httpx.AsyncClient, aws: AwsStub, gate: threading.Event
) -> None:
    patient = asyncio.create_task(client.post("/predict/slow"))
    hurried = await client.post("/predict/slow", headers={"Prefer": "wait=1"})
    assert (hurried.status_code, hurried.json()["title"]) == (504, "There was not enough time")
    assert hurried.headers["Preference-Applied"] == "wait=1"
    gate.set()
    answer = await asyncio.wait_for(patient, TIMEOUT)
    assert (answer.json()["prediction"], "Preference-Applied" in answer.headers) == (15.0, False)
    assert len(invocations(aws)) == 2


async def test_the_one_that_asked_first_may_go_first(
    client: httpx.AsyncClient, aws: AwsStub, gate: threading.Event
) -> None:
    items = {"record_ids": ["hit", "slow"]}
    hurried = await client.post("/predict", json=items, headers={"Prefer": "wait=1"})
    assert [item["status"] for item in hurried.json()["items"]] == [200, 504]
    assert (hurried.status_code, hurried.headers["Preference-Applied"]) == (200, "wait=1")
    gate.set()
    assert (await client.post("/predict/slow")).json()["prediction"] == 15.0
    assert len(invocations(aws)) == 2


UNDERSTOOD = {
    **dict.fromkeys(("wait=5", "WAIT = 5", 'wait="5"', "wait=05", "wait=5, wait=9"), "wait=5"),
    **dict.fromkeys(("respond-async, wait=5; x=y", 'a="b, wait=3", wait=5'), "wait=5"),
    "wait=69": "wait=69",
    **dict.fromkeys(("wait=70", "wait=0", "wait", "wait=", "wait=-1", "wait=1.5", "wait=\u00b2")),
    **dict.fromkeys(("wait=" + "9" * 5000, "waiting=5", "", '"', "=;,")),
}


async def test_what_is_understood(client: httpx.AsyncClient) -> None:
    for prefer, applied in UNDERSTOOD.items():
        answer = await client.post("/predict/hit", headers=[(b"prefer", prefer.encode())])
        assert (answer.status_code, answer.headers.get("Preference-Applied")) == (200, applied), prefer
    several = [("Prefer", "respond-async"), ("Prefer", "wait=5")]
    assert (await client.post("/predict/hit", headers=several)).headers["Preference-Applied"] == "wait=5"


async def test_other_failures_stay_what_they_are(client: httpx.AsyncClient) -> None:
    answer = await client.post("/predict/nobody", headers={"Prefer": "wait=5"})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (404, "wait=5")
