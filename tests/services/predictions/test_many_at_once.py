"""A process that has just begun, and thousands ask: what keeps the claims does not wait behind them."""

import asyncio
import threading
from contextlib import AsyncExitStack

import pytest

from app.core.settings import Settings
from app.db.engine import Sessions, pooled
from app.services.predictions import leader
from tests.services.predictions.test_single_flight import ASK, held, lease_left, replica, set_lease
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import answer_ten_times, invocations, prepare
from tests.support.statements import recorded


async def test_a_version_is_read_once_however_many_need_it_first(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    async with replica(settings) as one:
        await prepare(one)
        with recorded(one.database.engine) as seen:
            answers = await asyncio.gather(*(one.predict("a", ASK) for _ in range(100)))
    assert {answer.prediction for answer in answers} == {15.0}
    assert len([text for text, _ in seen if "FROM model_versions" in text]) == 1


async def test_a_claim_is_renewed_while_every_connection_of_the_pool_is_taken(
    settings: Settings, sessions: Sessions, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "RENEWALS", 100_000)
    release = threading.Event()
    aws.respond = answer_ten_times
    async with replica(settings.model_copy(update={"claim_lease": 3600})) as one, AsyncExitStack() as stack:
        await prepare(one)
        aws.respond = lambda request: held(request, release)
        call = asyncio.create_task(one.predict("a", ASK))
        await until(lambda: len(invocations(aws)) == 1)
        for _ in range(pooled(settings)):
            await stack.enter_async_context(one.database.engine.connect())
        await set_lease(sessions, 600)
        async with asyncio.timeout(TIMEOUT):
            while await lease_left(sessions) < 3000:  # noqa: ASYNC110 - a row says it
                await asyncio.sleep(0.01)
        await stack.aclose()
        release.set()
        assert (await call).prediction == 15.0
