"""`python -m app predict`, in this process, on a real database; a thread does what a worker would."""

import asyncio
import csv
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.cli import main
from app.cli.terminal import progress
from app.core.settings import Settings
from app.db.jobs import chunks as chunk_rows
from app.db.jobs import jobs as rows
from app.schemas.jobs.jobs import PredictionJob, PredictionJobRequest
from app.services.jobs import chunks as prediction_chunks
from app.services.jobs import jobs
from app.services.records import records
from app.services.runtime import open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT
from tests.support.jobs import queued
from tests.support.orders import answer_ten_times, invocations, order, prepare
from tests.support.settings import database_variables
from tests.support.use_case import TRANSIT


@pytest.fixture(autouse=True)
def _orders(aws: AwsStub, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A live model, the records a, r1, r2, r3, and chunks of two."""
    aws.respond = answer_ten_times
    for name, value in database_variables(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DEFAULT_MODEL", "transit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rows, "RECORDS_PER_CHUNK", 2)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    asyncio.run(_prepare(settings))


async def _prepare(settings: Settings) -> None:
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        for ratio in (1.0, 2.0, 3.0):
            await records.put(runtime.database.transactions, TRANSIT, f"r{ratio:.0f}", order(ratio))


@contextmanager
def worker(settings: Settings, chunks: int) -> Iterator[None]:
    """Does so many chunks, as they come."""

    async def work() -> None:
        async with open_runtime(settings) as runtime, asyncio.timeout(TIMEOUT):
            done = 0
            while done < chunks:
                waiting = (await queued(runtime.database.transactions))[done:]
                for chunk_id in waiting:
                    await prediction_chunks.run(runtime, chunk_id)
                done += len(waiting)
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    try:
        yield
    finally:
        thread.join()


async def _ask(settings: Settings, *, cancelled: bool = False) -> PredictionJob:
    async with open_runtime(settings) as runtime:
        sessions = runtime.database.transactions
        wanted = PredictionJobRequest(model="transit", all=True)
        job = await jobs.ask(sessions, TRANSIT, settings, wanted)
        if cancelled:
            await jobs.cancel(sessions, job.id)
        return job


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["predict", *arguments])
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def test_records_are_predicted_at_once(capsys: pytest.CaptureFixture[str], aws: AwsStub) -> None:
    code, out, errors = run(capsys, "r2", "r1")
    assert (code, errors) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [(line["record_id"], line["prediction"], line["cached"]) for line in lines] == [
        ("r2", 20.0, False),
        ("r1", 10.0, False),
    ]
    assert '"cached":true' in run(capsys, "r1", "--model", "transit", "--version", "1")[1]
    assert len(invocations(aws)) == 1


def test_records_that_cannot_be_predicted(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = run(capsys, "none", "r1")
    assert (code, json.loads(out)["record_id"]) == (1, "r1")
    assert errors.splitlines() == [
        "Error: 1 of 2 records could not be predicted.",
        "  none: There is no record 'none'.",
    ]
    assert run(capsys, "r1", "--model", "none") == (1, "", "Error: There is no model 'none'.\n")


def test_a_job_is_watched_until_its_results_are_there(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    with worker(settings, 2):
        code, out, errors = run(capsys, "--all", "--output", "results.ndjson")
    assert (code, out) == (0, "")
    last = errors.splitlines()[-1]
    assert last.startswith("Job 1 is done: 4 of 4 records predicted, 0 of them before, 0 failed, ")
    lines = [json.loads(line) for line in Path("results.ndjson").read_text().splitlines()]
    assert [line["record_id"] for line in lines] == ["a", "r1", "r2", "r3"]
    assert [path.name for path in Path().iterdir()] == ["results.ndjson"]

    code, _, errors = run(capsys, "--job", "1", "--output", "results.csv")
    assert (code, errors.splitlines()[-1]) == (0, last)
    with Path("results.csv").open(newline="") as file:
        assert [row["prediction"] for row in csv.DictReader(file)] == ["15.0", "10.0", "20.0", "30.0"]


def test_results_that_break_off_do_not_take_the_name(
    capsys: pytest.CaptureFixture[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = chunk_rows.items

    async def lost(*arguments: object) -> list[chunk_rows.ChunkRecord]:
        if arguments[-1] == 1:
            raise ConnectionResetError
        return await items(*arguments)  # type: ignore[arg-type]

    Path("results.csv").write_text("before")
    monkeypatch.setattr(chunk_rows, "items", lost)
    with worker(settings, 2):
        code, _, errors = run(capsys, "--all", "--output", "results.csv")
    assert (code, errors.splitlines()[-1].partition(":")[0]) == (1, "Error")
    assert Path("results.csv").read_text() == "before"


def test_a_terminal_gets_a_bar(
    capsys: pytest.CaptureFixture[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with worker(settings, 1):
        code, _, errors = run(capsys, "--where", '{"recent_transit_ratio": 3.0}')
    assert code == 0
    assert "━" in errors
    assert "1/1" in errors


@pytest.mark.parametrize("ids", ["r1\nnone\n", "\ufeffr1\r\n\r\nnone"])
def test_ids_of_a_file(capsys: pytest.CaptureFixture[str], settings: Settings, ids: str) -> None:
    Path("ids.txt").write_text(ids, encoding="utf-8", newline="")
    with worker(settings, 1):
        code, _, errors = run(capsys, "--ids-file", "ids.txt")
    assert "1 of 2 records predicted, 0 of them before, 1 failed" in errors
    warning = "Warning: 1 of 2 records (50%) failed; most often: Not found (1)."
    assert (code, errors.splitlines()[-1]) == (1, warning)


def test_a_job_that_was_cancelled(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    asyncio.run(_ask(settings, cancelled=True))
    code, _, errors = run(capsys, "--job", "1")
    assert (code, errors.splitlines()[-1].partition(":")[0]) == (1, "Job 1 is cancelled")
    assert run(capsys, "--job", "9") == (1, "", "Error: There is no prediction job 9.\n")


@pytest.mark.usefixtures("at_a_terminal")
def test_control_c_leaves_the_job_running(
    capsys: pytest.CaptureFixture[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = jobs.get

    async def interrupted(*arguments: object) -> PredictionJob:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        return await get(*arguments)  # type: ignore[arg-type]

    asked = asyncio.run(_ask(settings))
    monkeypatch.setattr(jobs, "get", interrupted)
    code, _, errors = run(capsys, "--job", str(asked.id), "--output", "a.csv")
    assert code == 130
    assert errors.splitlines()[-1] == (
        "Job 1 goes on without you. To see more of it: python -m app predict --job 1 --output a.csv"
    )
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Give record ids, or --job, or options"),
        (["r1", "--all"], "Give record ids, or --job, or options"),
        (["--job", "1", "--all"], "Give record ids, or --job, or options"),
        (["--all", "--since", "2013-01-01T00:00:00Z"], "exactly one of ids, all, or a filter"),
        (["--since", "2013-01-01"], "since: "),
        (["--where", "{"], "not valid JSON"),
        (["--where", "[]"], "where: "),
        (["--where", '{"carier": 1}'], "there is no 'carier'"),
        (["--all", "--store-as", "csv"], "store_as: needs a storage, and STORAGE_URL is not set"),
        (["--all", "--version", "9"], "has no version '9'"),
    ],
)
def test_what_does_not_fit(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    code, out, errors = run(capsys, *arguments)
    assert (code, out) == (1, "")
    assert said in errors
