"""What workers are told of predictions is noted where they run."""

import httpx
from fastapi import FastAPI

from app.core.settings import Settings
from app.schemas.evaluations.runs import EvaluationRequest
from app.services.evaluations import runs
from app.services.evaluations.evaluator import Evaluator
from app.services.jobs import chunks
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub, error
from tests.support.eventually import until
from tests.support.jobs import queued
from tests.support.operations import quick
from tests.support.orders import answer_ten_times
from tests.support.signals import Noted
from tests.support.use_case import TRANSIT
from tests.support.workers import working


async def test_each_record_of_a_job(client: httpx.AsyncClient, app: FastAPI, aws: AwsStub) -> None:
    runtime: Runtime = app.state.runtime
    await client.post("/predict/a")
    aws.respond = lambda request: (
        error("ValidationError", 400) if b"2.5" in request.body else answer_ten_times(request)
    )
    ids = ["a", "b", "nobody"]
    assert (await client.post("/prediction-jobs", json={"model": "transit", "ids": ids})).status_code == 202
    noted = Noted()
    for chunk_id in await queued(runtime.sessions):
        await chunks.run(runtime, chunk_id, last=True)
    assert noted.answers == {
        ("1", "job", "hit", ""): 1,
        ("1", "job", "error", "backend-refused"): 1,
        ("1", "job", "error", "not-found"): 1,
    }


async def test_each_record_of_an_evaluation(client: httpx.AsyncClient, app: FastAPI) -> None:
    runtime: Runtime = app.state.runtime
    for record_id in ("a", "b"):
        await client.put(f"/records/{record_id}/label", json={"value": 10.0})
    await client.post("/predict/a")
    run = await runs.ask(runtime.sessions, TRANSIT, EvaluationRequest(), default_model="transit")
    noted = Noted()
    await Evaluator(runtime).run(run.id)
    assert noted.answers == {("1", "evaluation", "hit", ""): 1, ("1", "evaluation", "miss", ""): 1}


async def test_the_end_of_an_operation(client: httpx.AsyncClient, aws: AwsStub, settings: Settings) -> None:
    noted, later = Noted(), {"Prefer": "respond-async"}
    for record_id in ("a", "nobody"):
        await client.post(f"/predict/{record_id}", headers=later)
    assert noted.answers == {("1", "request", "error", "not-found"): 1}
    with quick():
        async with working(settings):
            await until(lambda: noted.answers.get(("1", "operation", "miss", "")) == 1)
            aws.respond = lambda _: error("ValidationError", 400)
            await client.post("/predict/b", headers=later)
            await until(lambda: noted.answers.get(("1", "operation", "error", "backend-refused")) == 1)
