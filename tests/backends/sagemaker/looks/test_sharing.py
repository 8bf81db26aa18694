"""Looks at one endpoint that begin at the same time share one."""

import asyncio
import threading

import pytest

from app.backends.base import Deployed
from app.backends.sagemaker.looks import sharing
from tests.backends.sagemaker.account import Account, Opener
from tests.support.aws_stub import Answer
from tests.support.eventually import TIMEOUT

HOLDS = b'{"EndpointConfigName":"config-1","EndpointStatus":"%s"}'


@pytest.fixture
def go_on(account: Account) -> threading.Event:
    """Until it is set the endpoint is not described; then it is as it was when that was asked, updating."""
    held = threading.Event()
    account.answers["DescribeEndpoint"] = Answer(wait=held, body=HOLDS % b"Updating")
    return held


async def test_those_that_begin_while_one_is_under_way_share_the_next(
    account: Account, opener: Opener, go_on: threading.Event
) -> None:
    """And none uses what was asked before it began."""
    first = asyncio.create_task(opener().look())
    await account.aws.received(1)
    rest = [asyncio.create_task(opener().look()) for _ in range(20)]
    await asyncio.sleep(0)
    del account.answers["DescribeEndpoint"]  # the update has ended
    go_on.set()
    looks = [await first, *await asyncio.gather(*rest)]
    assert [look and look.pending for look in looks] == [True] + [False] * 20
    assert account.operations.count("DescribeEndpoint") == 2


async def test_who_gives_up_takes_nobody_along(
    account: Account, opener: Opener, go_on: threading.Event
) -> None:
    first, second = (asyncio.create_task(opener().look()) for _ in range(2))
    await account.aws.received(1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go_on.set()
    assert await second is not None
    assert account.operations.count("DescribeEndpoint") == 1


async def test_after_all_gave_up_there_is_another(
    account: Account, opener: Opener, go_on: threading.Event
) -> None:
    """And none for those who waited."""
    backend = opener()
    begun = asyncio.create_task(backend.look())
    await account.aws.received(1)
    waiting = asyncio.create_task(backend.look())
    await asyncio.sleep(0)
    for each in (begun, waiting):
        each.cancel()
    go_on.set()
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=TIMEOUT)
    assert account.operations.count("DescribeEndpoint") == 1
    assert isinstance(await backend.look(), Deployed)
    assert account.operations.count("DescribeEndpoint") == 2


async def test_a_bug_is_everybodys_and_not_for_good(
    account: Account, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: object) -> None:
        raise ZeroDivisionError

    backend = opener()
    with monkeypatch.context() as patched:
        patched.setattr(sharing, "look_together", broken)
        for outcome in await asyncio.gather(*(backend.look() for _ in range(2)), return_exceptions=True):
            assert isinstance(outcome, ZeroDivisionError)
    assert isinstance(await backend.look(), Deployed)
