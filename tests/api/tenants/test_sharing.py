"""What two tenants have in common is worked out for each: nothing tells one that the other has it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from app.schemas.access.callers import KeyScope
from app.services.access.keys import NewKey
from tests.support.app import client_of, running_app
from tests.support.aws_stub import Answer, AwsStub, Request
from tests.support.orders import answer_ten_times, invocations, order, register
from tests.support.tenants import EVERYTHING, done, header

DEFAULT = {"default_model": "transit"}


@dataclass(frozen=True)
class Both:
    client: httpx.AsyncClient
    ours: Mapping[str, str]
    theirs: Mapping[str, str]
    anybody: Mapping[str, str]
    """The header of a key that is bound to nothing."""


async def both_of(app: FastAPI, client: httpx.AsyncClient, aws: AwsStub) -> Both:
    """The record 1 of each, of one content, and one of the keys of ours, too."""
    aws.respond = answer_ten_times
    await register(client)
    runtime, scopes = app.state.runtime, tuple[KeyScope, ...](EVERYTHING)
    ours, theirs, anybody = [
        await header(runtime, NewKey(name, scopes, record_prefix=prefix))
        for name, prefix in (("ours", "a-"), ("theirs", "b-"), ("anybody", ""))
    ]
    for key, record_id in ((ours, "a-1"), (theirs, "b-1"), (ours, "a-2")):
        await done(client, key, "PUT", f"/records/{record_id}", json=order())
    return Both(client, ours, theirs, anybody)


@pytest.fixture
async def both(walled: Settings, aws: AwsStub) -> AsyncIterator[Both]:
    async with running_app(walled.model_copy(update=DEFAULT)) as app, client_of(app) as client:
        yield await both_of(app, client, aws)


@pytest.fixture
async def remembering(walled: Settings, aws: AwsStub) -> AsyncIterator[Both]:
    """Of a process that keeps predictions in memory."""
    kept = walled.model_copy(update={"memory_records": 100, "memory_seconds": 3600, **DEFAULT})
    async with running_app(kept) as app, client_of(app) as client:
        yield await both_of(app, client, aws)


async def test_the_same_content_is_computed_for_each(both: Both, aws: AwsStub) -> None:
    theirs = await both.client.post("/predict/b-1", headers=both.theirs)
    ours = await both.client.post("/predict/a-1", headers=both.ours)
    assert [one.headers["x-cache"] for one in (theirs, ours)] == ["MISS", "MISS"]
    assert theirs.json()["computed_at"] != ours.json()["computed_at"]
    assert theirs.headers["etag"] != ours.headers["etag"]
    assert len(invocations(aws)) == 2
    again = await both.client.post("/predict/a-2", headers=both.ours)
    assert again.headers["x-cache"] == "HIT", "our own is shared"
    assert again.json()["computed_at"] == ours.json()["computed_at"]
    assert len(invocations(aws)) == 2
    logged = await done(both.client, both.ours, "GET", "/predictions?record_id=a-2")
    assert isinstance(logged, dict)
    assert f'"source_id": {ours.headers["etag"][1:-1]}' in str(logged).replace("'", '"')


async def test_it_is_so_for_those_who_ask_at_once(both: Both, aws: AwsStub) -> None:
    asked = [("b-1", both.theirs), ("a-1", both.ours), ("a-2", both.ours)] * 5
    answers = await asyncio.gather(
        *(both.client.post(f"/predict/{record_id}", headers=key) for record_id, key in asked)
    )
    assert {one.status_code for one in answers} == {200}
    moments = {record_id: set[str]() for record_id, _ in asked}
    for answer in answers:
        moments[answer.json()["record_id"]].add(answer.json()["computed_at"])
    assert moments["a-1"].isdisjoint(moments["b-1"])
    assert len(invocations(aws)) == 2


async def test_nobody_is_told_of_a_source_that_is_anothers(both: Both) -> None:
    """Who may know of both has it copied."""
    first = await both.client.post("/predict/b-1", headers=both.theirs)
    copied = await both.client.post("/predict/a-1", headers=both.anybody)
    assert copied.headers["x-cache"] == "HIT"
    path = f"/predictions/{copied.headers['etag'][1:-1]}"
    for key, told in ((both.anybody, int(first.headers["etag"][1:-1])), (both.ours, None)):
        assert (await both.client.get(path, headers=key)).json()["source_id"] == told


async def test_nobody_is_told_what_a_model_said_of_a_call_with_rows_of_others(
    both: Both, aws: AwsStub
) -> None:
    """Who may know of both has them sent together."""

    def answer(request: Request) -> Answer:
        said = {"X-Amzn-SageMaker-Custom-Attributes": "rows=2"}
        made = answer_ten_times(request)
        return Answer(made.status, made.body, {**made.headers, **said})

    aws.respond = answer
    await done(both.client, both.anybody, "PUT", "/records/b-1", json=order(2.5))
    await done(both.client, both.anybody, "POST", "/predict", json={"record_ids": ["a-1", "b-1"]})
    assert len(invocations(aws)) == 1
    for key, said in ((both.anybody, "rows=2"), (both.ours, None)):
        (logged,) = (await both.client.get("/predictions?record_id=a-1", headers=key)).json()["items"]
        assert logged["custom_attributes"] == said
        assert (logged["inference_position"] is None) == (said is None)
        assert logged["inference_id"] is not None


async def test_what_is_in_memory_is_its_owners(remembering: Both) -> None:
    both = remembering
    for _ in range(2):
        assert (await both.client.post("/predict/b-1", headers=both.theirs)).status_code == 200
    for key, status in ((both.ours, 404), (both.theirs, 200), (both.anybody, 200)):
        answer = await both.client.post("/predict/b-1", headers=key)
        assert answer.status_code == status
        many = await both.client.post("/predict", headers=key, json={"record_ids": ["b-1"]})
        assert many.json()["items"][0]["status"] == status


async def test_a_claim_of_one_holds_up_nobody_else(both: Both, aws: AwsStub) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang_first(request: object) -> object:
        if not began.is_set():
            loop.call_soon_threadsafe(began.set)
            asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result()
        return answer_ten_times(request)  # type: ignore[arg-type]

    aws.respond = hang_first  # type: ignore[assignment]
    theirs = asyncio.create_task(both.client.post("/predict/b-1", headers=both.theirs))
    await began.wait()
    assert (await both.client.post("/predict/a-1", headers=both.ours)).headers["x-cache"] == "MISS"
    assert not theirs.done()
    may_end.set()
    assert (await theirs).headers["x-cache"] == "MISS"
