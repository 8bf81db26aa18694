"""The user's code in threads: whose request the log names, who waits for whom, and an end to what hangs."""

import asyncio
import re
import threading
from collections.abc import Iterator, Sequence
from math import inf

import pytest
import structlog
from structlog.typing import EventDict

from app.core.errors import NotInTime, UserCodeError
from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services.failures.threads import Threads
from app.services.pipeline import Stages, limits
from app.services.pipeline.limits import Time
from examples.transit.input_object import InputObject
from tests.support.eventually import TIMEOUT
from tests.support.orders import order
from tests.support.use_case import changed

DEPLOYMENT = Deployment(7, "fares", "1", "any", {}, ("fare",))


def failing(_: Sequence[InputObject]) -> list[Row]:
    structlog.get_logger().info("seen", **structlog.contextvars.get_contextvars())
    raise ZeroDivisionError


def time(seconds: float = TIMEOUT, *, before: float = 0) -> Time:
    now = asyncio.get_running_loop().time()
    return Time(now - before, now + seconds)


@pytest.fixture
def may_end() -> Iterator[threading.Event]:
    """Set in the end, so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def hanging(may_end: threading.Event, seconds: float = inf) -> Stages:
    """Hangs with every item of the carrier XX."""

    def preprocess(items: Sequence[InputObject]) -> list[Row]:
        if any(item.carrier == "XX" for item in items):
            may_end.wait()
        return [[1.0] for _ in items]

    return Stages(changed(FEATURES=("fare",), preprocess=preprocess), seconds)


async def ask(stages: Stages, request_id: str) -> None:
    structlog.contextvars.bind_contextvars(request_id=request_id)
    await stages.rows([order()], DEPLOYMENT, time())


async def test_each_request_is_named_where_its_own_item_fails(logs: list[EventDict]) -> None:
    stages = Stages(changed(FEATURES=("fare",), preprocess=failing))
    await asyncio.gather(ask(stages, "one"), ask(stages, "two"))
    assert {line.get("request_id") for line in logs if line["event"] == "seen"} == {"one", "two"}


async def test_code_that_hangs_for_some_callers_holds_no_other(may_end: threading.Event) -> None:
    """Not even for more of them than there are threads at once."""
    stages = hanging(may_end)
    bad = order(carrier="XX")
    hung = [asyncio.create_task(stages.rows([bad], DEPLOYMENT, time())) for _ in range(40)]
    others = [stages.rows([order()], DEPLOYMENT, time()) for _ in range(3)]
    assert await asyncio.wait_for(asyncio.gather(*others), TIMEOUT) == [[[1.0]]] * 3
    assert not any(one.done() for one in hung)
    may_end.set()
    await asyncio.gather(*hung)


async def test_what_hangs_is_given_up_in_time_and_named(may_end: threading.Event) -> None:
    [error] = await hanging(may_end).rows([order(carrier="XX")], DEPLOYMENT, time(0.1))
    assert isinstance(error, UserCodeError)
    assert re.match(r"preprocess had not ended after 0\.0[89]\d* seconds", error.detail)


async def test_code_has_no_hour_though_its_callers_have(may_end: threading.Event) -> None:
    [error] = await hanging(may_end, 0.1).rows([order(carrier="XX")], DEPLOYMENT, time(3600))
    assert isinstance(error, UserCodeError)
    assert re.match(r"preprocess had not ended after 0\.0[89]\d* seconds", error.detail)


async def test_it_spares_the_items_beside_it(may_end: threading.Event) -> None:
    payloads = [order(), order(carrier="XX"), order()]
    first, second, third = await hanging(may_end).rows(payloads, DEPLOYMENT, time(1))
    assert first == third == [1.0]
    assert isinstance(second, UserCodeError)


async def test_many_items_that_take_long_together_may_end_together(may_end: threading.Event) -> None:
    threading.Timer(0.5, may_end.set).start()
    payloads = [order(carrier="XX")] * 2
    assert await hanging(may_end).rows(payloads, DEPLOYMENT, time(1.2)) == [[1.0]] * 2


async def test_it_is_not_to_blame_for_time_that_others_took(may_end: threading.Event) -> None:
    [error] = await hanging(may_end).rows([order(carrier="XX")], DEPLOYMENT, time(0.1, before=10))
    assert isinstance(error, NotInTime)


async def test_without_a_thread_it_is_not_the_items_fault(
    may_end: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "USER_THREADS", Threads("test", at_once=1, slow=60, most=1))
    stages = hanging(may_end)
    payloads = [order(carrier="XX"), order()]
    (first,), (second,) = [await stages.rows([one], DEPLOYMENT, time(0.1)) for one in payloads]
    assert isinstance(first, UserCodeError)
    assert isinstance(second, NotInTime)
    assert "no thread for preprocess" in second.detail
