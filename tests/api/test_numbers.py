"""What was measured leaves with the digits that it has; predictions are as they are."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.api.http.example_values import JOB
from app.schemas.jobs.jobs import PredictionJob
from app.schemas.predictions.predictions import ItemProblem
from tests.support.aws_stub import AwsStub, csv
from tests.support.orders import answer_ten_times, register, store

LONG = 0.1 + 0.2


async def test_a_latency_is_measured_in_thousandths_and_an_old_one_leaves_so(
    client: httpx.AsyncClient, app: FastAPI, aws: AwsStub
) -> None:
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {"a": 1.0})
    aws.script(csv(str(LONG)))
    await client.post("/predict/a?model=transit")
    async with app.state.runtime.database.transactions.begin() as session:
        [measured] = await session.scalars(text("select latency_ms from predictions"))
        await session.execute(text("update predictions set latency_ms = 5634.000000000015"))
    assert measured == round(measured, 3)
    [logged] = (await client.get("/predictions")).json()["items"]
    assert (logged["latency_ms"], logged["raw_output"]) == (5634.0, LONG)
    assert (await client.get(f"/predictions/{logged['id']}")).json() == logged


@pytest.mark.parametrize("field", ["records_per_second", "seconds_left"])
def test_a_job_says_its_rate_and_the_time_left_so(field: str) -> None:
    job = PredictionJob.model_validate(JOB | {field: 1234.5678901})
    assert getattr(job, field) == 1234.568


def test_a_time_to_wait_leaves_so() -> None:
    problem = ItemProblem(type="t", title="t", detail="d", retry_after=LONG)
    assert problem.retry_after == 0.3
