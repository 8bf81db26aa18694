"""Prediction jobs by batch transform, as the tests ask for them and run them."""

import pytest
from pgqueuer.errors import RetryRequested
from pydantic import JsonValue

from app.schemas.jobs.jobs import PredictionJob, ResultLine
from app.schemas.models import NewVersion
from app.services.inference import Inference
from app.services.jobs import results as job_results
from app.services.jobs import transform
from app.services.models import versions
from app.services.runtime import Runtime
from tests.support.jobs import look
from tests.support.orders import FEATURES
from tests.support.use_case import TRANSIT

ENGINE = "sagemaker-batch-transform"
TRANSFORM: dict[str, JsonValue] = {"model_name": "transit-7", "instance_type": "ml.m5.large"}


async def register(runtime: Runtime, version: str, **options: JsonValue) -> None:
    wanted = {"endpoint_name": "transit"} | options
    new = NewVersion(
        version=version,
        backend="sagemaker",
        options=wanted,
        features=list(FEATURES),
        promote=True,
        probe=False,  # its calls of the endpoint are counted
    )
    await versions.register(
        runtime.database.transactions, TRANSIT, Inference(runtime.settings), "transit", new
    )


async def under_way(runtime: Runtime, job: PredictionJob) -> None:
    """Run the task; the transform job has to be under way then."""
    with pytest.raises(RetryRequested):
        await transform.run(runtime, job.id)


async def finish(runtime: Runtime, job: PredictionJob) -> PredictionJob:
    """Run the task; the job has to have ended then."""
    await transform.run(runtime, job.id)
    ended = await look(runtime, job)
    assert ended.state in ("done", "failed")
    return ended


async def results(runtime: Runtime, job: PredictionJob) -> dict[str, JsonValue]:
    """The prediction of each record, or the name of its error."""
    parts = [part async for part in await job_results.read(runtime.database.transactions, job.id, "ndjson")]
    lines = [ResultLine.model_validate_json(line) for line in "".join(parts).splitlines()]
    return {line.record_id: line.error or line.prediction for line in lines}
