"""How often the queue's tasks are tried, and which try is told that it is the last."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job

from app.core.errors import BackendDown, BackendRefused
from app.services import worker


def job(attempts: int) -> Job:
    """One that is about the row 7."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    times = {"created": now, "updated": now, "heartbeat": now, "execute_after": now}
    given = {"id": 1, "priority": 0, "status": "picked", "entrypoint": "predict_chunk", "payload": b"7"}
    return Job.model_validate(
        times | given | {"attempts": attempts, "queue_manager_id": None, "headers": None}
    )


async def tried(attempts: int, failure: Exception) -> tuple[list[tuple[int, bool]], Exception]:
    calls: list[tuple[int, bool]] = []

    async def work(about: int, last: bool) -> None:
        calls.append((about, last))
        raise failure

    with pytest.raises(type(failure) if isinstance(failure, BackendRefused) else RetryRequested) as caught:
        await worker._task(work, asyncio.Event())(job(attempts))
    return calls, caught.value


async def test_the_last_try_is_told_so() -> None:
    for attempts in (0, worker.MOST_TRIES - 2, worker.MOST_TRIES - 1, worker.MOST_TRIES):
        calls, raised = await tried(attempts, BackendDown("down"))
        assert calls == [(7, attempts >= worker.MOST_TRIES - 1)]
        assert isinstance(raised, RetryRequested)


async def test_a_platform_is_waited_for_an_hour() -> None:
    pauses = []
    for attempts in range(worker.MOST_TRIES - 1):
        _, raised = await tried(attempts, BackendDown("down"))
        assert isinstance(raised, RetryRequested)
        pauses.append(raised.delay)
    assert pauses[0] == worker.FIRST_DELAY
    assert timedelta(minutes=50) <= sum(pauses, timedelta()) <= timedelta(minutes=70)


async def test_what_no_try_gets_over_is_not_tried_again() -> None:
    _, raised = await tried(0, BackendRefused("no"))
    assert type(raised) is BackendRefused
