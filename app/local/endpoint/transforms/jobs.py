"""CreateTransformJob, DescribeTransformJob and StopTransformJob. A job runs in this process, at once."""

import asyncio
import time
from dataclasses import dataclass

from app.local.endpoint.control.asked import Shape, asked, refused
from app.local.endpoint.control.deploying import hosted
from app.local.endpoint.control.estate import Estate, arn
from app.local.endpoint.errors import EndpointError
from app.local.endpoint.fleets.fleet import Fleet
from app.local.endpoint.fleets.running import ContainerRunner
from app.local.endpoint.transforms.processing import CannotProcess
from app.local.endpoint.transforms.running import RunningTransform, TransformFailed
from app.local.endpoint.transforms.shapes import TransformJobShape


@dataclass
class LocalTransform:
    """A job, with its times in seconds since 1970."""

    said: Shape
    created: float
    status: str = "InProgress"
    reason: str = ""
    ended: float | None = None
    work: "asyncio.Task[None] | None" = None

    def end(self, status: str, reason: str = "") -> None:
        self.status, self.reason, self.ended = status, reason, time.time()


class LocalTransforms:
    """The jobs of this process, by name. They are kept for good, as on SageMaker."""

    def __init__(self, estate: Estate, runner: ContainerRunner) -> None:
        self._estate, self._runner = estate, runner
        self._jobs: dict[str, LocalTransform] = {}
        self.operations = {
            "CreateTransformJob": self.create,
            "DescribeTransformJob": self.describe,
            "StopTransformJob": self.stop,
        }

    def close(self) -> None:
        """Leave what is under way."""
        for job in self._jobs.values():
            if job.work is not None:
                job.work.cancel()

    async def create(self, said: Shape) -> Shape:
        shape = asked(TransformJobShape, said)
        name = shape.transform_job_name
        if name in self._jobs:
            raise EndpointError(
                400, "ResourceInUse", f"Job name must be unique: {arn('TransformJob', name)}."
            )
        work = self._work(shape)
        job = self._jobs[name] = LocalTransform(said, time.time())
        job.work = asyncio.create_task(_run(job, work))
        return {"TransformJobArn": arn("TransformJob", name)}

    def _work(self, shape: TransformJobShape) -> RunningTransform:
        runs = hosted(self._estate, shape.model_name)
        if runs.takes_target_models:
            raise refused("A transform job knows no target model: the model's mode has to be SingleModel.")
        try:
            fleet = Fleet(shape.transform_job_name, (), time.time())
            return RunningTransform(shape, runs, fleet, self._runner)
        except CannotProcess as error:
            raise refused(str(error)) from error

    async def describe(self, said: Shape) -> Shape:
        name, job = self._find(said)
        own: Shape = {
            "TransformJobArn": arn("TransformJob", name),
            "TransformJobStatus": job.status,
            "CreationTime": job.created,
            "TransformStartTime": job.created,
        }
        if job.reason:
            own["FailureReason"] = job.reason
        if job.ended is not None:
            own["TransformEndTime"] = job.ended
        return {**job.said, **own}

    async def stop(self, said: Shape) -> Shape:
        name, job = self._find(said)
        if job.status != "InProgress" or job.work is None:
            raise refused(f"The request was rejected because the transform job {name} is {job.status}.")
        job.status = "Stopping"
        job.work.cancel()
        return {}

    def _find(self, said: Shape) -> tuple[str, LocalTransform]:
        name = str(said.get("TransformJobName"))
        if name not in self._jobs:
            raise EndpointError(400, "ResourceNotFound", f"Could not find job {arn('TransformJob', name)}.")
        return name, self._jobs[name]


async def _run(job: LocalTransform, work: RunningTransform) -> None:
    try:
        await work.run()
    except TransformFailed as error:
        job.end("Failed", str(error))
    except asyncio.CancelledError:
        job.end("Stopped")
        raise
    else:
        job.end("Completed")
