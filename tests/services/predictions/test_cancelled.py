"""Callers that go away at any moment: nothing is left of them, and what they asked for is kept."""

import asyncio
import random

from sqlalchemy import QueuePool, text

from app.core.settings import Settings
from app.services.predictions.predictor import Ask
from app.services.records import records
from app.services.runtime import open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.eventually import until
from tests.support.orders import answer_ten_times, order, prepare
from tests.support.use_case import TRANSIT

CALLS = 200


async def test_nothing_is_left_of_callers_that_go_away(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    async with open_runtime(settings, TRANSIT) as runtime:
        predictor, sessions = runtime.predictor, runtime.sessions
        await prepare(predictor)
        for number in range(CALLS // 2):  # each is asked for twice
            await records.put(sessions, TRANSIT, f"r{number}", order(number))
        calls = list[asyncio.Task[object]]()
        for number in range(CALLS):
            ask = predictor.predict(f"r{number % (CALLS // 2)}", Ask("transit", refresh=number % 7 == 0))
            calls.append(asyncio.create_task(ask))
            asyncio.get_running_loop().call_later(random.uniform(0, 0.1), calls[-1].cancel)
            await asyncio.sleep(0.001)
        await asyncio.wait(calls)
        assert any(call.cancelled() for call in calls)
        await until(lambda: not runtime.flights.busy)

        async with sessions() as session:
            assert await session.scalar(text("select count(*) from content_claims")) == 0
        pool, direct = runtime.database.engine.pool, runtime.database.direct
        assert isinstance(pool, QueuePool)
        await until(lambda: pool.checkedout() == 0)
        assert not direct._slots.locked()
        assert (await predictor.predict("r1", Ask("transit"))).prediction == 10.0
