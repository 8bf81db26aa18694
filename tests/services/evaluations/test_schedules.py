"""Evaluations by a schedule."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from app.core.errors import InvalidInput, NotFound
from app.core.settings import Settings
from app.schemas.evaluations.schedules import NewSchedule
from app.services.evaluations import runs, schedules
from app.services.runtime import Runtime, open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, prepare
from tests.support.use_case import TRANSIT, changed

MONDAYS = "0 6 * * 1"


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    aws.respond = answer_ten_times
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        yield runtime


async def let_time_pass(runtime: Runtime) -> None:
    """The schedules become due, as after a week without a worker."""
    async with runtime.database.transactions.begin() as session:
        await session.execute(text("update evaluation_schedules set next_run = now() - interval '21 days'"))


async def test_a_due_run_is_begun_once_however_many_look(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    new = NewSchedule(cron=MONDAYS, window_days=7, metrics=["mae"], bucket="day")
    put = await schedules.put(sessions, TRANSIT, "transit", new)
    assert put.next_run > datetime.now(UTC)
    assert (put.next_run.weekday(), put.next_run.hour) == (0, 6)
    await schedules.run_due(runtime)
    assert (await schedules.get(sessions, "transit")).last_evaluation_id is None
    await let_time_pass(runtime)
    await asyncio.gather(*(schedules.run_due(runtime) for _ in range(4)))
    after = await schedules.get(sessions, "transit")
    assert after.next_run == put.next_run
    assert after.last_evaluation_id is not None
    run = await runs.get(sessions, after.last_evaluation_id)
    assert run.state == "queued"
    assert run.request.metrics == ["mae"]
    assert run.request.until is not None
    assert run.request.since == run.request.until - timedelta(days=7)
    async with sessions() as session:
        assert await session.scalar(text("select count(*) from evaluations")) == 1
        assert await session.scalar(text("select count(*) from pgqueuer")) == 1


class Behind(datetime):
    """The clock of a machine that is a minute behind the database's."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) - timedelta(minutes=1)


async def test_a_worker_whose_clock_is_behind_begins_a_run_once(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "datetime", Behind)
    sessions = runtime.database.transactions
    await schedules.put(sessions, TRANSIT, "transit", NewSchedule(cron="* * * * *"))
    async with sessions.begin() as session:
        due = "update evaluation_schedules set next_run = date_trunc('minute', now())"
        await session.execute(text(due))
    for _ in range(3):
        await schedules.run_due(runtime)
    async with sessions() as session:
        begun = await session.scalar(text("select count(*) from evaluations"))
        ahead = await session.scalar(text("select next_run - now() from evaluation_schedules"))
    assert begun in (1, 2)  # 2 where a minute went by
    assert timedelta() < ahead <= timedelta(minutes=1)


async def test_a_late_runs_window_ends_when_it_was_due(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    await schedules.put(sessions, TRANSIT, "transit", NewSchedule(cron=MONDAYS, window_days=7))
    await let_time_pass(runtime)
    await schedules.run_due(runtime)
    found = await schedules.get(sessions, "transit")
    assert found.last_evaluation_id is not None
    request = (await runs.get(sessions, found.last_evaluation_id)).request
    assert request.until == found.next_run - timedelta(days=7)
    assert request.since == found.next_run - timedelta(days=14)


async def test_what_cannot_be_begun_is_noted_and_the_schedule_goes_on(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    await schedules.put(sessions, TRANSIT, "transit", NewSchedule(cron=MONDAYS))
    async with sessions.begin() as session:
        await session.execute(text("update models set live_version_id = null"))
    await let_time_pass(runtime)
    await schedules.run_due(runtime)
    found = await schedules.get(sessions, "transit")
    assert "no live version" in str(found.error)
    assert found.next_run > datetime.now(UTC)


async def test_what_no_longer_fits_is_noted_with_its_name(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    await schedules.put(sessions, TRANSIT, "transit", NewSchedule(cron=MONDAYS, window_days=7))
    await let_time_pass(runtime)
    await schedules.run_due(replace(runtime, use_case=changed(TIME_FIELD=None)))
    assert "time_field: " in str((await schedules.get(sessions, "transit")).error)


async def test_what_there_is_not(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    with pytest.raises(NotFound, match="transit"):
        await schedules.put(sessions, TRANSIT, "other", NewSchedule(cron=MONDAYS))
    with pytest.raises(NotFound, match="version '9'"):
        await schedules.put(sessions, TRANSIT, "transit", NewSchedule(cron=MONDAYS, version="9"))
    with pytest.raises(InvalidInput) as caught:
        await schedules.put(sessions, TRANSIT, "transit", NewSchedule(cron=MONDAYS, metrics=["auc"]))
    assert [fault.field for fault in caught.value.errors] == ["metrics"]
    for wanted in (schedules.get, schedules.remove):
        with pytest.raises(NotFound):
            await wanted(sessions, "transit")


async def test_a_removed_schedule_is_gone(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    await schedules.put(sessions, TRANSIT, "transit", NewSchedule(cron=MONDAYS))
    await schedules.remove(sessions, "transit")
    with pytest.raises(NotFound):
        await schedules.get(sessions, "transit")


@pytest.mark.parametrize(
    "cron", ["", "daily", "* * * *", "* * * * * *", "61 * * * *", "0 6 * * mo", "@daily"]
)
def test_what_is_no_cron_expression(cron: str) -> None:
    with pytest.raises(ValidationError, match="five cron fields"):
        NewSchedule(cron=cron)
