"""Prediction jobs by batch transform: on moto's control plane, a real S3 server and a runner in between."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from pgqueuer.errors import RetryRequested
from pydantic import JsonValue
from sqlalchemy import text

from app.backends.sagemaker.transforms.transform import TransformJobs
from app.core.errors import (
    AppError,
    BackendDown,
    BackendThrottled,
    BackendTimeout,
    Conflict,
    InvalidInput,
    Misconfigured,
)
from app.db.jobs import chunks
from app.schemas.context import Context
from app.schemas.jobs.jobs import PredictionJob
from app.services import worker
from app.services.access.keys import NewKey
from app.services.jobs import jobs as prediction_jobs
from app.services.jobs import transform
from app.services.jobs.transform_files import TransformFiles
from app.services.predictions.predictor import Ask
from app.services.records import records
from app.services.runtime import Runtime
from app.storage import Storage
from examples.transit.input_object import InputObject
from tests.support.aws_stub import AwsStub
from tests.support.callers import asked_by, caller_with
from tests.support.eventually import TIMEOUT, until
from tests.support.jobs import ask, look, queued
from tests.support.orders import invocations, order
from tests.support.transform import TransformPlatform, ten_times
from tests.support.transform_jobs import ENGINE, TRANSFORM, finish, register, results, under_way
from tests.support.use_case import TRANSIT, changed
from tests.support.workers import working


async def stored_predictions(runtime: Runtime) -> int:
    async with runtime.database.statements() as session:
        return int(await session.scalar(text("select count(*) from predictions")) or 0)


async def test_a_job_is_done_by_one_transform_job(
    runtime: Runtime, platform: TransformPlatform, aws: AwsStub
) -> None:
    await runtime.predictor.predict("r1", Ask("transit"))
    job = await ask(runtime, ids=["r4", "r1", "none", "r0", "r3"], engine=ENGINE)
    assert await queued(runtime.database.transactions) == []
    assert await queued(runtime.database.transactions, "batch_transform") == [job.id]
    await under_way(runtime, job)
    await under_way(runtime, job)
    assert list(platform.inputs().values()) == [["0.0"], ["3.0", "4.0"]]
    platform.run()
    done = await finish(runtime, job)
    assert (done.state, done.predicted, done.hits, done.failed) == ("done", 4, 1, 1)
    assert await results(runtime, job) == {"none": "not-found", "r0": 0.0, "r1": 10.0, "r3": 30.0, "r4": 40.0}
    assert len(platform.created) == 1

    answer = await runtime.predictor.predict("r4", Ask("transit"))
    assert (answer.prediction, answer.cache, answer.revision.split()[0]) == (40.0, "HIT", "transit-7")
    assert len(invocations(aws)) == 1
    await transform.run(runtime, job.id)  # a task that is done twice does nothing


async def test_what_a_budget_does_not_reach_for_is_not_sent(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    new = NewKey("a", ["predict"], inferences_per_day=2)
    with asked_by(await caller_with(runtime.database, new)):
        job = await ask(runtime, ids=["r4", "none", "r0", "r3"], engine=ENGINE)
    await under_way(runtime, job)
    assert sorted(line for lines in platform.inputs().values() for line in lines) == ["0.0", "3.0"]
    platform.run()
    assert (await finish(runtime, job)).predicted == 2
    assert (await results(runtime, job))["r4"] == "budget-spent"


async def test_what_is_asked_of_sagemaker(runtime: Runtime, platform: TransformPlatform) -> None:
    job = await ask(runtime, all=True, engine=ENGINE)
    await under_way(runtime, job)
    made = platform.job()
    folder = f"{runtime.settings.storage_url}transform/{job.id}/{platform.created[0].split('-')[-1]}"
    assert made.transform_input == {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{folder}/input/"}},
        "ContentType": "text/csv",
        "SplitType": "Line",
    }
    assert made.transform_output == {
        "S3OutputPath": f"{folder}/output/",
        "Accept": "text/csv",
        "AssembleWith": "Line",
    }
    assert (made.model_name, made.batch_strategy, made.max_payload_in_mb) == ("transit-7", "MultiRecord", 6)
    assert made.transform_resources == {"InstanceType": "ml.m5.large", "InstanceCount": 1}


class Killed(BaseException):
    """Stands for kill -9: nothing of the service handles it."""


@dataclass
class Killer:
    """Ends the work after so many steps."""

    left: int

    def after(self, step: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def done(*arguments: object, **options: object) -> object:
            result = await step(*arguments, **options)
            self.left -= 1
            if self.left == 0:
                raise Killed
            return result

        return done


STEPS: list[tuple[object, str]] = [
    *((Storage, name) for name in ("put", "get", "list")),
    *((TransformJobs, name) for name in ("find", "create", "revision")),
    (chunks, "finish"),
]


async def test_it_may_be_killed_after_any_step(
    runtime: Runtime, platform: TransformPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each round is killed one step later, until one comes through."""
    steps = 0
    killed = True
    while killed:
        steps += 1
        async with runtime.database.transactions.begin() as session:
            await session.execute(text("truncate predictions cascade"))
        job = await ask(runtime, ids=["r0", "r1", "r2", "r3"], engine=ENGINE)
        killed = await run_killed_after(steps, runtime, job, platform, monkeypatch)
        assert len(platform.created) == steps
        done = await look(runtime, job)
        assert (done.state, done.predicted, done.hits) == ("done", 4, 0)
        assert await results(runtime, job) == {"r0": 0.0, "r1": 10.0, "r2": 20.0, "r3": 30.0}
        assert await stored_predictions(runtime) == 4
    assert steps > 15


async def run_killed_after(
    steps: int,
    runtime: Runtime,
    job: PredictionJob,
    platform: TransformPlatform,
    monkeypatch: pytest.MonkeyPatch,
) -> bool:
    """Run a job to its end, over one death after so many steps; False if it took fewer."""
    killer, before = Killer(steps), len(platform.created)
    with monkeypatch.context() as patched:
        for owner, name in STEPS:
            patched.setattr(owner, name, killer.after(getattr(owner, name)))
        while (await look(runtime, job)).state in ("queued", "running"):
            try:
                await transform.run(runtime, job.id)
            except RetryRequested:
                if len(platform.created) > before and platform.job().transform_job_status == "InProgress":
                    platform.run()
            except Killed:
                pass
    return killer.left <= 0


async def test_a_row_that_is_refused_fails_its_object_only(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    def refusing(lines: list[str]) -> str:
        if "4.0" in lines:
            raise ValueError
        return ten_times(lines)

    job = await ask(runtime, all=True, engine=ENGINE)
    await under_way(runtime, job)
    platform.run(refusing)
    failed = await finish(runtime, job)
    assert (failed.state, failed.predicted, failed.failed) == ("failed", 3, 2)
    assert failed.error == "The transform job failed: AlgorithmError: See job logs of ..., ..."

    await prediction_jobs.resume(runtime.database.transactions, job.id)
    await under_way(runtime, job)
    assert list(platform.inputs().values()) == [["3.0", "4.0"]]
    platform.run()
    done = await finish(runtime, job)
    assert (done.state, done.predicted, done.error) == ("done", 5, None)
    assert len(set(platform.created)) == 2


async def test_a_cancelled_job_stops_its_transform_job(runtime: Runtime, platform: TransformPlatform) -> None:
    job = await ask(runtime, all=True, engine=ENGINE)
    await under_way(runtime, job)
    await prediction_jobs.cancel(runtime.database.transactions, job.id)
    await transform.run(runtime, job.id)
    assert platform.job().transform_job_status == "Stopped"
    assert (await look(runtime, job)).state == "cancelled"


async def test_a_job_that_is_resumed_before_its_transform_job_was_stopped(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    job = await ask(runtime, all=True, engine=ENGINE)
    await under_way(runtime, job)
    await prediction_jobs.cancel(runtime.database.transactions, job.id)
    await prediction_jobs.resume(runtime.database.transactions, job.id)
    await under_way(runtime, job)
    assert [platform.job(index).transform_job_status for index in (0, 1)] == ["Stopped", "InProgress"]
    platform.run()
    assert (await finish(runtime, job)).predicted == 5


async def test_a_transform_job_that_somebody_stopped(runtime: Runtime, platform: TransformPlatform) -> None:
    job = await ask(runtime, all=True, engine=ENGINE)
    await under_way(runtime, job)
    platform.end("Stopped")
    failed = await finish(runtime, job)
    assert (failed.state, failed.failed, failed.error) == ("failed", 5, "The transform job was stopped.")


async def test_a_record_that_changes_meanwhile(runtime: Runtime, platform: TransformPlatform) -> None:
    """Its prediction is of what it was, and no hit for what it is."""
    job = await ask(runtime, ids=["r1"], engine=ENGINE)
    await under_way(runtime, job)
    await records.put(runtime.database.transactions, TRANSIT, "r1", order(7.0))
    platform.run()
    await finish(runtime, job)
    assert await results(runtime, job) == {"r1": 10.0}
    answer = await runtime.predictor.predict("r1", Ask("transit"))
    assert (answer.prediction, answer.cache) == (70.0, "MISS")


async def test_outputs_match_the_rows_that_they_were_made_from(
    runtime: Runtime, platform: TransformPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was taken for dead writes a chunk anew, after the transform job began."""
    job = await ask(runtime, ids=["r1", "r2"], engine=ENGINE)
    await under_way(runtime, job)
    platform.run()
    await records.put(runtime.database.transactions, TRANSIT, "r1", order(7.0))
    with monkeypatch.context() as patched:
        patched.setattr(TransformFiles, "written", no_chunks)
        patched.setattr(TransformJobs, "find", no_job)
        await under_way(runtime, job)  # its transform job is the one that is there
    await finish(runtime, job)
    assert await results(runtime, job) == {"r1": 10.0, "r2": 20.0}
    assert (await runtime.predictor.predict("r1", Ask("transit"))).prediction == 70.0
    assert len(platform.created) == 1


async def no_chunks(files: object) -> set[int]:
    return set()


async def no_job(jobs: object, name: str) -> None:
    return None


async def test_outputs_that_are_not_one_a_row(runtime: Runtime, platform: TransformPlatform) -> None:
    job = await ask(runtime, all=True, engine=ENGINE)
    await under_way(runtime, job)
    platform.run(lambda lines: ten_times(lines[:1]) if "1.0" in lines else ten_times(lines))
    failed = await finish(runtime, job)
    assert (failed.state, failed.predicted, failed.failed) == ("failed", 2, 3)
    assert failed.error == "The output of chunk 0 cannot be used: The model answered 2 rows for 3."


async def test_an_output_that_is_missing(runtime: Runtime, platform: TransformPlatform) -> None:
    job = await ask(runtime, all=True, engine=ENGINE)
    await under_way(runtime, job)
    platform.end("Completed")
    failed = await finish(runtime, job)
    assert (failed.state, failed.predicted) == ("failed", 0)
    assert failed.error == "The transform job has ended and left some outputs out."


async def test_a_row_without_a_usable_answer_fails_alone(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    job = await ask(runtime, ids=["r1", "r2", "r3"], engine=ENGINE)
    await under_way(runtime, job)
    platform.run(
        lambda lines: "\n".join(
            "nan" if line == "2.0" else "text" if line == "3.0" else "1" for line in lines
        )
    )
    done = await finish(runtime, job)
    assert (done.state, done.predicted, done.failed) == ("done", 1, 2)
    assert await results(runtime, job) == {"r1": 1.0, "r2": "bad-output", "r3": "bad-output"}


async def test_what_is_predicted_already_starts_no_transform_job(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    await runtime.predictor.predict("r1", Ask("transit"))
    job = await ask(runtime, ids=["r1", "none"], engine=ENGINE)
    done = await finish(runtime, job)
    assert (done.state, done.predicted, done.hits, done.failed) == ("done", 1, 1, 1)
    assert platform.created == []


async def test_a_model_that_is_not_the_deployed_one(runtime: Runtime, platform: TransformPlatform) -> None:
    """Its predictions are kept apart, so that nobody takes them for the endpoint's."""
    await register(runtime, "other", transform=TRANSFORM | {"model_name": "transit-8"})
    job = await ask(runtime, ids=["r1"], engine=ENGINE)
    await under_way(runtime, job)
    platform.run()
    assert (await finish(runtime, job)).predicted == 1
    answer = await runtime.predictor.predict("r1", Ask("transit"))
    assert (answer.cache, answer.revision.split()[0]) == ("MISS", "transit-7")


async def test_code_that_changes_meanwhile_fails_the_job(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    job = await ask(runtime, all=True, engine=ENGINE)
    await under_way(runtime, job)
    platform.run()
    other = replace(runtime.predictor, use_case=changed(fingerprint="other"))
    with pytest.raises(Conflict):
        await transform.run(replace(runtime, predictor=other), job.id)
    failed = await look(runtime, job)
    assert (failed.state, failed.error) == (
        "failed",
        "The pipeline's code was changed while the transform job ran.",
    )
    assert await stored_predictions(runtime) == 0


async def test_postprocess_sees_what_the_rows_were_made_of(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    """Even if the record has changed since: its answer is kept under what it held then."""

    def named(outputs: Sequence[JsonValue], context: Context[InputObject]) -> list[JsonValue]:
        return [f"{one.carrier} {context.version}" for one in context.inputs]

    seeing = changed(postprocess=named)
    runtime = replace(runtime, use_case=seeing, predictor=replace(runtime.predictor, use_case=seeing))
    await records.put(runtime.sessions, TRANSIT, "r0", order(carrier="AA"))
    job = await ask(runtime, all=True, engine=ENGINE)
    await under_way(runtime, job)
    await records.put(runtime.sessions, TRANSIT, "r0", order(carrier="DL"))
    platform.run()
    await finish(runtime, job)
    found = await results(runtime, job)
    assert (found["r0"], found["r1"]) == ("AA batch", "UA batch")


async def test_a_version_without_the_option_is_refused_when_it_is_asked_for(runtime: Runtime) -> None:
    await register(runtime, "plain")
    with pytest.raises(InvalidInput, match="option transform"):
        await ask(runtime, all=True, engine=ENGINE)


async def test_a_worker_without_a_storage_fails_the_job(runtime: Runtime) -> None:
    job = await ask(runtime, all=True, engine=ENGINE)
    with pytest.raises(Misconfigured):
        await transform.run(replace(runtime, storage=None), job.id)
    failed = await look(runtime, job)
    assert (failed.state, failed.failed) == ("failed", 5)
    assert "STORAGE_URL" in (failed.error or "")


async def test_features_that_are_gone_fail_the_job_and_nothing_is_sent(
    runtime: Runtime, platform: TransformPlatform
) -> None:
    job = await ask(runtime, all=True, engine=ENGINE)
    with pytest.raises(Misconfigured):
        await transform.run(replace(runtime, use_case=changed(FEATURES=("month",))), job.id)
    failed = await look(runtime, job)
    assert (failed.state, failed.failed) == ("failed", 5)
    assert "takes recent_transit_ratio, which preprocess.FEATURES lacks" in (failed.error or "")
    assert failed.warning == "5 of 5 records (100%) failed; most often: the reason that `error` says (5)."
    assert platform.created == []


@pytest.mark.parametrize(
    ("error", "raised"), [(BackendThrottled, BackendThrottled), (BackendTimeout, BackendDown)]
)
async def test_a_platform_that_is_busy_is_asked_again(
    runtime: Runtime,
    platform: TransformPlatform,
    monkeypatch: pytest.MonkeyPatch,
    error: type[AppError],
    raised: type[AppError],
) -> None:
    """A time-out, too, unlike that of an inference: what is asked of the control plane may be asked twice."""

    async def fail(jobs: object, name: str) -> None:
        raise error("busy")

    job = await ask(runtime, ids=["r1"], engine=ENGINE)
    with monkeypatch.context() as patched:
        patched.setattr(TransformJobs, "find", fail)
        with pytest.raises(raised) as caught:
            await transform.run(runtime, job.id)
    assert caught.value.retryable
    assert (await look(runtime, job)).state == "running"
    await under_way(runtime, job)
    platform.run()
    assert (await finish(runtime, job)).predicted == 1


async def test_a_worker_follows_the_transform_job(
    runtime: Runtime, platform: TransformPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transform, "POLL", timedelta(seconds=0.1))
    monkeypatch.setattr(worker, "POLL", timedelta(seconds=0.1))
    job = await ask(runtime, all=True, engine=ENGINE)
    async with working(runtime.settings):
        await until(lambda: platform.created != [])
        await asyncio.to_thread(platform.run)
        async with asyncio.timeout(TIMEOUT):
            while (await look(runtime, job)).state == "running":  # noqa: ASYNC110 - a row says it
                await asyncio.sleep(0.05)
    assert (await look(runtime, job)).predicted == 5
    assert len(platform.created) == 1
