"""Whose request the log names where the user's code fails."""

import asyncio
from collections.abc import Sequence

import structlog
from structlog.typing import EventDict

from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services.pipeline import Stages
from examples.transit.input_object import InputObject
from tests.support.orders import order
from tests.support.use_case import changed

DEPLOYMENT = Deployment(7, "fares", "1", "any", {}, ("fare",))


def failing(_: Sequence[InputObject]) -> list[Row]:
    structlog.get_logger().info("seen", **structlog.contextvars.get_contextvars())
    raise ZeroDivisionError


async def ask(stages: Stages, request_id: str) -> None:
    structlog.contextvars.bind_contextvars(request_id=request_id)
    await stages.rows([order()], DEPLOYMENT)


async def test_one_alone_is_named_and_of_several_none_for_the_others(logs: list[EventDict]) -> None:
    stages = Stages(changed(FEATURES=("fare",), preprocess=failing))
    await asyncio.create_task(ask(stages, "alone"))
    assert {line.get("request_id") for line in logs if line["event"] == "seen"} == {"alone"}
    logs.clear()
    await asyncio.gather(ask(stages, "one"), ask(stages, "two"))
    assert {line.get("request_id") for line in logs if line["event"] == "seen"} == {None}
