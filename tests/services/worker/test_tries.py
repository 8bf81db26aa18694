"""How often the queue's tasks are tried, and which try is told that it is the last."""

from datetime import UTC, datetime, timedelta

import pytest
from pgqueuer.models import Job

from app.core.errors import BackendDown, BackendRefused
from app.services.worker import tasks


def job(attempts: int) -> Job:
    """One that is about the row 7."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    times = {"created": now, "updated": now, "heartbeat": now, "execute_after": now}
    given = {"id": 1, "priority": 0, "status": "picked", "entrypoint": "predict_chunk", "payload": b"7"}
    return Job.model_validate(
        times | given | {"attempts": attempts, "queue_manager_id": None, "headers": None}
    )


def test_the_last_try_is_told_so() -> None:
    for attempts in (0, tasks.MOST_TRIES - 2, tasks.MOST_TRIES - 1, tasks.MOST_TRIES):
        assert tasks.is_last(job(attempts)) == (attempts >= tasks.MOST_TRIES - 1)


def test_a_platform_is_waited_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the pauses are as they are
    pauses = []
    for attempts in range(tasks.MOST_TRIES - 1):
        again = tasks.another_try(job(attempts), BackendDown("down"))
        assert again is not None
        pauses.append(again.delay)
    assert pauses[0] == tasks.FIRST_DELAY
    assert timedelta(minutes=50) <= sum(pauses, timedelta()) <= timedelta(minutes=70)


def test_what_no_try_gets_over_is_not_tried_again() -> None:
    assert tasks.another_try(job(0), BackendRefused("no")) is None
    assert tasks.another_try(job(0), ZeroDivisionError()) is None
