"""The user's code in threads: whose request the log names, and who waits for whom."""

import asyncio
import threading
from collections.abc import Sequence

import structlog
from structlog.typing import EventDict

from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services.pipeline import Stages
from examples.transit.input_object import InputObject
from tests.support.eventually import TIMEOUT
from tests.support.orders import order
from tests.support.use_case import changed

DEPLOYMENT = Deployment(7, "fares", "1", "any", {}, ("fare",))


def failing(_: Sequence[InputObject]) -> list[Row]:
    structlog.get_logger().info("seen", **structlog.contextvars.get_contextvars())
    raise ZeroDivisionError


async def ask(stages: Stages, request_id: str) -> None:
    structlog.contextvars.bind_contextvars(request_id=request_id)
    await stages.rows([order()], DEPLOYMENT)


async def test_each_request_is_named_where_its_own_item_fails(logs: list[EventDict]) -> None:
    stages = Stages(changed(FEATURES=("fare",), preprocess=failing))
    await asyncio.gather(ask(stages, "one"), ask(stages, "two"))
    assert {line.get("request_id") for line in logs if line["event"] == "seen"} == {"one", "two"}


async def test_code_that_hangs_for_one_caller_holds_no_other() -> None:
    may_end = threading.Event()

    def hanging(items: Sequence[InputObject]) -> list[Row]:
        if any(item.carrier == "XX" for item in items):
            may_end.wait()
        return [[1.0] for _ in items]

    stages = Stages(changed(FEATURES=("fare",), preprocess=hanging))
    hung = [asyncio.create_task(stages.rows([order(carrier="XX")], DEPLOYMENT)) for _ in range(10)]
    others = [stages.rows([order()], DEPLOYMENT) for _ in range(3)]
    try:
        assert await asyncio.wait_for(asyncio.gather(*others), TIMEOUT) == [[[1.0]]] * 3
        assert not any(one.done() for one in hung)
    finally:
        may_end.set()
    await asyncio.gather(*hung)
