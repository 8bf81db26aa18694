"""A prediction job done by a batch transform job of SageMaker: the task `batch_transform` of the queue.

The rows go to the storage, an object per chunk. One transform job runs on them all, and its outputs are
stored as any prediction is. A run may be cut off at any point and begun anew: how far it was stands in the
chunks, in the objects, and in the transform job, whose name follows from the prediction job.
"""

from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial

import structlog
from pgqueuer.errors import RetryRequested

from app.backends.sagemaker.transforms.transform import TransformJob, TransformJobs, open_transform_jobs
from app.core.errors import BackendDown, BackendTimeout, BadOutput, InvalidInput, Misconfigured
from app.core.logging.quoting import Quoted
from app.db.jobs import transform as rows
from app.db.jobs.transform import BatchJob
from app.db.tables import UNDER_WAY
from app.schemas.access.callers import acting_within
from app.schemas.hosting.deployments import Deployment
from app.services.access.acting import acting_for
from app.services.failures.interrupted import noted
from app.services.jobs.endings import warn_if_many_failed
from app.services.jobs.transform_chunks import TransformChunks
from app.services.jobs.transform_files import TransformFiles
from app.services.models import versions
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

POLL = timedelta(seconds=30)
"""Between two looks at a transform job, which takes minutes to start. A cancellation is seen this late."""


def jobs_of(deployment: Deployment) -> TransformJobs:
    """The transform jobs of a version; InvalidInput says why it can have none."""
    if deployment.backend != "sagemaker":
        raise InvalidInput(f"Batch transform is SageMaker's; the version is on {deployment.backend!r}.")
    return open_transform_jobs(deployment.options, deployment.features)


async def run(runtime: Runtime, job_id: int) -> None:
    """Take a prediction job as far as it goes now; of one that was cancelled, stop the transform job.

    While the transform job is under way RetryRequested is raised, so that no worker is held up. What another
    attempt may get over is raised, too. What it would not get over fails the job, and is raised.
    """
    async with runtime.database.transactions.begin() as session:
        job = await rows.begin(session, job_id)
    if job is None or job.state not in (*UNDER_WAY, "cancelled"):
        return
    async with noted(partial(_fail, runtime, job)):
        try:
            async with acting_for(runtime.sessions, job.key_id):
                under_way = await _advance(runtime, job)
        except BackendTimeout as error:  # of the control plane, which may be asked again
            raise BackendDown(error.detail) from error
    if under_way:
        raise RetryRequested(POLL, "the transform job is under way")
    await warn_if_many_failed(runtime.sessions, job_id)


async def _advance(runtime: Runtime, job: BatchJob) -> bool:
    """Do the next step; whether the transform job is under way then."""
    deployment = await versions.deployment(runtime.database.transactions, job.version_id)
    with acting_within(job.record_prefix, deployment.model):
        return await _step(_open(runtime, job, deployment))


async def _step(work: "_Work") -> bool:
    job = work.job
    if job.state == "cancelled":
        await work.stop_all()
        return False
    transform = await work.jobs.find(work.name)
    if transform is None:
        return await work.begin()
    if transform.ended:
        await work.collect(transform)
    elif transform.age > work.jobs.time_limit:  # until it has stopped, it is under way
        await work.jobs.stop(work.name)
    return not transform.ended


def _open(runtime: Runtime, job: BatchJob, deployment: Deployment) -> "_Work":
    if runtime.storage is None or runtime.settings.storage_url is None:
        raise Misconfigured("STORAGE_URL is not set where the worker runs.")
    jobs = jobs_of(deployment)
    started = job.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%f") if job.started_at else "none"
    files = TransformFiles(runtime.storage, runtime.settings.storage_url, job.id, started, jobs.suffix)
    return _Work(runtime, job, jobs, files, TransformChunks(runtime, deployment, jobs, files))


async def _fail(runtime: Runtime, job: BatchJob, reason: str) -> None:
    log.warning("batch transform failed", job=job.id, reason=Quoted(reason))
    async with runtime.database.transactions.begin() as session:
        await rows.fail(session, job.id, reason)


@dataclass(frozen=True)
class _Work:
    """One run of a prediction job: another begins where it is resumed."""

    runtime: Runtime
    job: BatchJob
    jobs: TransformJobs
    files: TransformFiles
    chunks: TransformChunks

    @property
    def name(self) -> str:
        return self._name(self.files.run)

    def _name(self, run: str) -> str:
        return f"prediction-job-{self.job.id}-{run}"

    async def begin(self) -> bool:
        """Write what is to be predicted and start the transform job; False if nothing is."""
        await self.stop_all()
        if not await self._write():
            return False
        await self.jobs.create(self.name, source=self.files.source, target=self.files.target)
        log.info("transform job started", job=self.job.id, name=self.name)
        return True

    async def _write(self) -> bool:
        """Whether any chunk has rows to predict. Those that an earlier attempt wrote stay as they are."""
        left, written = await self._unfinished(), await self.files.written()
        to_write = {number: chunk_id for number, chunk_id in left.items() if number not in written}
        revision = await self.jobs.revision(self.job.revision) if to_write else ""
        for number, chunk_id in to_write.items():
            if await self.chunks.write(chunk_id, number, revision):
                written.add(number)
        return bool(written)

    async def _unfinished(self) -> dict[int, int]:
        async with self.runtime.database.transactions() as session:
            return await rows.unfinished(session, self.job.id)

    async def collect(self, transform: TransformJob) -> None:
        """Store what the transform job put out. Chunks without usable outputs fail, and so the job."""
        outputs = await self.files.outputs()
        reason = _shortfall(transform, self.jobs.time_limit)
        for number, chunk_id in (await self._unfinished()).items():
            if number not in outputs:
                continue
            try:
                await self.chunks.store(chunk_id, outputs[number], round(transform.seconds * 1000, 3))
            except BadOutput as error:
                reason = f"The output of chunk {number} cannot be used: {error.detail}"
        if await self._unfinished():
            await _fail(self.runtime, self.job, reason)

    async def stop_all(self) -> None:
        """Stop the transform jobs of all runs, such as one that was cancelled and resumed at once."""
        for run in await self.files.runs():
            await self.jobs.stop(self._name(run))


def _shortfall(transform: TransformJob, limit: timedelta) -> str:
    """Why there are chunks without an output."""
    if transform.status == "Completed":
        return "The transform job has ended and left some outputs out."
    if transform.status != "Stopped":
        return f"The transform job failed: {transform.reason or 'SageMaker gives no reason.'}"
    if transform.age > limit:
        minutes = round(limit.total_seconds() / 60)
        return f"The transform job took longer than transform.max_minutes, {minutes}, and was stopped."
    return "The transform job was stopped."
