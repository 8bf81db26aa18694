"""Answers of a transform job that are mixed up, too few, too many or late."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import JsonValue

from app.schemas.jobs.jobs import PredictionJob
from app.services.runtime import Runtime
from tests.support.jobs import ask
from tests.support.transform import TransformPlatform, ten_times
from tests.support.transform_jobs import ENGINE, TRANSFORM, finish, register, results, under_way

BY_ID = TRANSFORM | {"match": "id"}
ALL = {"r0": 0.0, "r1": 10.0, "r2": 20.0, "r3": 30.0, "r4": 40.0}


async def asked(runtime: Runtime, **options: JsonValue) -> PredictionJob:
    await register(runtime, "another", **({"transform": BY_ID} | options))
    job = await ask(runtime, all=True, engine=ENGINE)
    await under_way(runtime, job)
    return job


def as_json(lines: list[str]) -> str:
    return ten_times([line.strip("[]") for line in lines])


@pytest.mark.parametrize(
    ("options", "first", "model"),
    [({}, ",", ten_times), ({"content_type": "application/jsonlines"}, '"features":[', as_json)],
)
async def test_answers_that_come_in_another_order_find_their_rows(
    runtime: Runtime,
    platform: TransformPlatform,
    options: dict[str, JsonValue],
    first: str,
    model: Callable[[list[str]], str],
) -> None:
    job = await asked(runtime, **options)
    assert all(first in line for lines in platform.inputs().values() for line in lines)
    platform.run(model, mix=lambda lines: lines[::-1])
    done = await finish(runtime, job)
    assert (done.state, done.predicted, await results(runtime, job)) == ("done", 5, ALL)


async def test_answers_that_are_not_one_a_row_are_not_kept(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    job = await asked(runtime)
    platform.run(mix=lambda lines: [lines[0], *lines[:-1]])
    failed = await finish(runtime, job)
    assert (failed.state, failed.predicted, failed.failed) == ("failed", 0, 5)
    reason = "The answers do not fit the 2 rows by their ids: 1 of a row that has another already, 1 missing."
    assert failed.error == f"The output of chunk 1 cannot be used: {reason}"


async def test_a_model_that_mixes_its_rows_up_is_asked_about_one_at_a_time(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    """SageMaker joins by the order in a request: the ids alone do not tell."""
    job = await asked(runtime, transform=BY_ID | {"batch_strategy": "SingleRecord"})
    platform.run(lambda lines: ten_times(lines[::-1]))
    await finish(runtime, job)
    assert await results(runtime, job) == ALL


async def test_a_job_that_takes_too_long_is_stopped_and_has_failed(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    job = await asked(runtime, transform=TRANSFORM | {"max_minutes": 30})
    await under_way(runtime, job)
    assert platform.job().transform_job_status == "InProgress"
    platform.job().creation_time -= timedelta(minutes=31)
    await under_way(runtime, job)
    assert platform.job().transform_job_status == "Stopped"
    failed = await finish(runtime, job)
    assert (failed.state, failed.failed) == ("failed", 5)
    assert failed.error == "The transform job took longer than transform.max_minutes, 30, and was stopped."


async def test_one_that_ended_just_in_time_is_read(runtime: Runtime, platform: TransformPlatform) -> None:
    job = await asked(runtime, transform=TRANSFORM | {"max_minutes": 30})
    platform.run()
    platform.job().creation_time -= timedelta(minutes=31)
    assert (await finish(runtime, job)).predicted == 5
