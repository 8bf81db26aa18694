"""Readiness is told to anybody, and names of versions to who may know of all of them."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from app.core.errors import BackendDown
from app.db.server.soundness import UNWALLED
from app.services.access.keys import NewKey
from app.services.inference import Inference
from app.services.upkeep import health
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT
from tests.support.orders import answer_ten_times, register
from tests.support.tenants import Tenants, header

GENERAL = "The platform of a live version is away; a key that is bound to nothing is told which."


@pytest.fixture(autouse=True)
def _looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT", 0.0)
    monkeypatch.setattr(health, "PLATFORM_KEPT", 0.0)


async def reason(client: httpx.AsyncClient, part: str, key: dict[str, str] | None = None) -> str | None:
    found = (await client.get("/health/ready", headers=key)).json()["parts"][part]["reason"]
    assert found is None or isinstance(found, str)
    return found


async def away(*_: object) -> None:
    raise BackendDown("The platform could not be reached.")


async def test_no_version_is_named_to_a_stranger(
    app: FastAPI, client: httpx.AsyncClient, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.respond = answer_ten_times
    await register(client)
    monkeypatch.setattr(Inference, "look", away)
    named = await reason(client, "platform")
    assert named is not None
    assert named.startswith("transit version 1: ")
    anybody = await header(app.state.runtime, NewKey("anybody", ["read"]))
    bound = await header(app.state.runtime, NewKey("bound", ["read"], models=["other"]))
    wrong = {"Authorization": "Bearer sfk_wrong"}
    assert await reason(client, "platform", anybody) == named
    await until_shut(client)
    for key in (None, bound, wrong):
        assert await reason(client, "platform", key) == GENERAL


async def until_shut(client: httpx.AsyncClient) -> None:
    """Until the process has heard that there are keys."""
    async with asyncio.timeout(TIMEOUT):
        while (await client.get("/models")).status_code != 401:  # noqa: ASYNC110 - it asks the database
            await asyncio.sleep(0.01)


async def test_it_says_where_the_second_wall_is_missing(app: FastAPI, client: httpx.AsyncClient) -> None:
    for name, prefix, said in (("anybody", "", None), ("bound", "a-", UNWALLED)):
        await header(app.state.runtime, NewKey(name, ["read"], record_prefix=prefix))
        assert await reason(client, "tenants") == said
    assert (await client.get("/health/ready")).json()["status"] == "degraded"


async def test_it_says_nothing_where_both_are_there(tenants: Tenants) -> None:
    assert await reason(tenants.client, "tenants") is None
