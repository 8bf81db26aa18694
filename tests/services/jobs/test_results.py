"""Results of jobs, as lines and as objects in the storage."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import text

import app.aws
from app.core.errors import Conflict, Misconfigured, NotFound, StorageDown
from app.core.settings import Settings
from app.db.jobs import chunks as rows
from app.local.s3 import S3Server
from app.schemas.jobs.jobs import PredictionJob, ResultLine
from app.schemas.records.imports import FileFormat
from app.services.jobs import chunks, jobs
from app.services.jobs import results as job_results
from app.services.predictions.predictor import Ask, Predictor
from app.services.runtime import Runtime
from app.storage import Storage, open_storage
from tests.support.aws_stub import AwsStub
from tests.support.jobs import ask, look, queued, runtime_with_orders
from tests.support.orders import answer_ten_times
from tests.support.ports import free_ports
from tests.support.use_case import changed

STORAGE_URL = "s3://not-called"


@pytest.fixture
async def runtime(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    """Four orders, in chunks of three; a storage is set, but it is not there."""
    aws.respond = answer_ten_times
    with_storage = settings.model_copy(update={"storage_url": STORAGE_URL})
    async with runtime_with_orders(with_storage, monkeypatch, 4) as runtime:
        yield runtime


def lacking(runtime: Runtime) -> Predictor:
    """One whose preprocess no longer makes the model's features."""
    return replace(runtime.predictor, use_case=changed(FEATURES=("month",)))


async def work(runtime: Runtime) -> None:
    for chunk_id in await queued(runtime.database.transactions):
        await chunks.run(runtime, chunk_id)


async def read(runtime: Runtime, job: PredictionJob, file_format: FileFormat = "ndjson") -> str:
    return "".join(
        [part async for part in await job_results.read(runtime.database.transactions, job.id, file_format)]
    )


def errors(results: str) -> dict[str, str | None]:
    lines = [json.loads(line) for line in results.splitlines()]
    return {line["record_id"]: line["error"] for line in lines}


async def test_a_line_per_record_in_the_order_of_the_ids(runtime: Runtime) -> None:
    job = await ask(runtime, ids=["r3", "none", "r0", "r1", "r0"])
    await work(runtime)
    lines = [json.loads(line) for line in (await read(runtime, job)).splitlines()]
    assert [(line["record_id"], line["prediction"]) for line in lines] == [
        ("none", None),
        ("r0", 0.0),
        ("r1", 10.0),
        ("r3", 30.0),
    ]
    answer = await runtime.predictor.predict("r1", Ask("transit"))
    assert ResultLine.model_validate(lines[2]) == ResultLine(
        record_id="r1",
        prediction=10.0,
        model="transit",
        version="1",
        revision=answer.revision,
        content_hash=answer.content_hash,
        computed_at=answer.computed_at,
        error=None,
        detail=None,
    )
    assert (lines[0]["error"], lines[0]["detail"]) == ("not-found", "There is no record 'none'.")


async def test_a_csv_has_the_same_and_quotes_what_must_be(runtime: Runtime) -> None:
    strange = 'a,"b"; é'
    job = await ask(runtime, ids=["r1", strange])
    await work(runtime)
    table = list(csv.DictReader(io.StringIO(await read(runtime, job, "csv"))))
    assert list(table[0]) == list(ResultLine.model_fields)
    assert [(row["record_id"], row["prediction"], row["error"]) for row in table] == [
        (strange, "", "not-found"),
        ("r1", "10.0", ""),
    ]


@pytest.mark.parametrize(
    ("output", "cell"),
    [
        ('"a\\nb,\\"c\\""', 'a\nb,"c"'),
        ("1e20", "1e+20"),
        ('{"a":[1,null]}', '{"a":[1,null]}'),
        ("true", "true"),
    ],
)
async def test_predictions_of_any_kind(runtime: Runtime, output: str, cell: str) -> None:
    job = await ask(runtime, ids=["r1"])
    await work(runtime)
    async with runtime.database.transactions.begin() as session:
        await session.execute(
            text("update predictions set output = cast(:output as json)"), {"output": output}
        )
    [row] = csv.DictReader(io.StringIO(await read(runtime, job, "csv")))
    assert row["prediction"] == cell
    assert json.loads(await read(runtime, job))["prediction"] == json.loads(output)


async def test_a_job_without_records_has_none(runtime: Runtime) -> None:
    job = await ask(runtime, ids=[])
    assert (job.state, job.records) == ("done", 0)
    assert await read(runtime, job) == ""
    assert await read(runtime, job, "csv") == ",".join(ResultLine.model_fields) + "\n"


async def test_only_a_job_that_has_ended_has_results(runtime: Runtime) -> None:
    job = await ask(runtime, all=True)
    with pytest.raises(Conflict, match="queued"):
        await read(runtime, job)
    first, _ = await queued(runtime.database.transactions)
    await chunks.run(runtime, first)
    with pytest.raises(Conflict, match="running"):
        await read(runtime, job)
    await jobs.cancel(runtime.database.transactions, job.id)
    missing = rows.NOT_PREDICTED[0]
    assert errors(await read(runtime, job)) == {"r0": None, "r1": None, "r2": None, "r3": missing}
    with pytest.raises(NotFound):
        await job_results.read(runtime.database.transactions, 10**9, "ndjson")


async def test_the_records_of_a_failed_chunk_say_what_the_job_does(runtime: Runtime) -> None:
    job = await ask(runtime, all=True)
    first, last = await queued(runtime.sessions)
    await chunks.run(runtime, last)
    with pytest.raises(Misconfigured):
        await chunks.run(replace(runtime, predictor=lacking(runtime)), first)
    failed = (await look(runtime, job)).error
    assert failed is not None
    assert failed.startswith("Chunk 0 could not be finished: Version '1' of model 'transit' takes recent_")
    lines = [json.loads(line) for line in (await read(runtime, job)).splitlines()]
    said = (rows.NOT_PREDICTED[0], f"Its chunk failed. The job's error: {failed}")
    assert [(one["error"], one["detail"]) for one in lines] == [said] * 3 + [(None, None)]


async def test_a_prediction_that_is_no_longer_stored_is_said_to_be_so(runtime: Runtime) -> None:
    job = await ask(runtime, ids=["r0", "r1"])
    await work(runtime)
    async with runtime.database.transactions.begin() as session:
        await session.execute(text("delete from predictions where record_id = 'r1'"))
    assert errors(await read(runtime, job)) == {"r0": None, "r1": rows.NOT_KEPT[0]}


@pytest.fixture
async def storage(server: S3Server, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """A bucket on a real server, opened after the model's platform."""
    await runtime.predictor.predict("r0", Ask("transit"))
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    app.aws.session.cache_clear()
    storage = open_storage(f"s3://bucket-{uuid4().hex}")
    await storage.ensure_bucket()
    return storage


async def test_results_are_written_once_the_job_is_done(runtime: Runtime, storage: Storage) -> None:
    stored = replace(runtime, storage=storage)
    for file_format in ("ndjson", "csv"):
        job = await ask(runtime, all=True, store_as=file_format)
        assert job.id not in await queued(runtime.database.transactions, "write_result")
        await work(runtime)
        assert (await queued(runtime.database.transactions, "write_result"))[-1] == job.id
        await job_results.write(stored, job.id)
        done = await look(runtime, job)
        assert (done.result, done.error) == (f"results/transit/1/{job.id}.{file_format}", None)
        assert (await storage.get(done.result or "")).decode() == await read(runtime, job, file_format)


async def test_a_job_without_records_is_written_too(runtime: Runtime) -> None:
    job = await ask(runtime, ids=[], store_as="csv")
    assert await queued(runtime.database.transactions, "write_result") == [job.id]


async def test_a_storage_that_is_away_is_tried_again(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await ask(runtime, ids=[], store_as="csv")
    [port] = free_ports(1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
    with pytest.raises(StorageDown):
        await job_results.write(runtime, job.id)
    assert (await look(runtime, job)).error is None
    with pytest.raises(Misconfigured):
        await job_results.write(replace(runtime, storage=None), job.id)
    noted = await look(runtime, job)
    assert (noted.state, noted.result) == ("done", None)
    assert "STORAGE_URL is not set where the worker runs" in (noted.error or "")
