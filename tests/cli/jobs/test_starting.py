"""Jobs are asked for, watched, and their results written."""

import asyncio
import csv
import json
import signal
from pathlib import Path

import pytest

from app.core.settings import Settings
from app.db.jobs import chunks as chunk_rows
from app.schemas.jobs.jobs import PredictionJob
from app.services.jobs import jobs
from tests.cli.jobs.running import ask, run, worker

pytestmark = pytest.mark.usefixtures("orders")


def test_a_job_is_watched_until_its_results_are_there(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    with worker(settings, 2):
        code, out, errors = run(capsys, "jobs", "start", "--all", "--output", "results.ndjson")
    assert (code, out) == (0, "")
    last = errors.splitlines()[-1]
    assert last.startswith("Job 1 is done: 4 of 4 records predicted, 0 of them before, 0 failed, ")
    lines = [json.loads(line) for line in Path("results.ndjson").read_text().splitlines()]
    assert [line["record_id"] for line in lines] == ["a", "r1", "r2", "r3"]
    assert [path.name for path in Path().iterdir()] == ["results.ndjson"]

    code, _, errors = run(capsys, "jobs", "results", "1", "--output", "results.csv")
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
        code, _, errors = run(capsys, "jobs", "start", "--all", "--output", "results.csv")
    assert (code, errors.splitlines()[-1].partition(":")[0]) == (4, "Error")
    assert Path("results.csv").read_text() == "before"


def test_a_terminal_gets_a_bar(
    capsys: pytest.CaptureFixture[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with worker(settings, 1):
        code, _, errors = run(capsys, "jobs", "start", "--where", '{"recent_transit_ratio": 3.0}')
    assert code == 0
    assert "━" in errors
    assert "1/1" in errors


@pytest.mark.parametrize("ids", ["r1\nnone\n", "\ufeffr1\r\n\r\nnone"])
def test_ids_of_a_file(capsys: pytest.CaptureFixture[str], settings: Settings, ids: str) -> None:
    Path("ids.txt").write_text(ids, encoding="utf-8", newline="")
    with worker(settings, 1):
        code, _, errors = run(capsys, "jobs", "start", "--ids-file", "ids.txt")
    assert "1 of 2 records predicted, 0 of them before, 1 failed" in errors
    warning = "Warning: 1 of 2 records (50%) failed; most often: Not found (1)."
    assert (code, errors.splitlines()[-1]) == (3, warning)


@pytest.mark.usefixtures("at_a_terminal")
def test_control_c_leaves_the_job_running(
    capsys: pytest.CaptureFixture[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = jobs.get

    async def interrupted(*arguments: object) -> PredictionJob:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        return await get(*arguments)  # type: ignore[arg-type]

    asked = asyncio.run(ask(settings))
    monkeypatch.setattr(jobs, "get", interrupted)
    code, _, errors = run(capsys, "jobs", "results", str(asked.id), "--output", "a b.csv")
    assert code == 130
    assert errors.splitlines()[-1] == (
        "Job 1 goes on without you. To see more of it: python -m app jobs results 1 --output 'a b.csv'"
    )
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "exactly one of ids, all, or a filter"),
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
    code, out, errors = run(capsys, "jobs", "start", *arguments)
    assert (code, out) == (1, "")
    assert said in errors


def test_a_link_and_a_device_are_written_to_and_stay(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    Path("link.csv").symlink_to("/dev/null")
    with worker(settings, 2):
        assert run(capsys, "jobs", "start", "--all", "--output", "link.csv")[0] == 0
    assert Path("link.csv").is_symlink()
    assert [path.name for path in Path().iterdir()] == ["link.csv"]


def test_a_folder_that_there_is_not_is_said_before_anything_is_predicted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, errors = run(capsys, "jobs", "start", "--all", "--output", "none/results.csv")
    assert code == 2
    assert "there is no folder 'none'" in errors
    assert json.loads(run(capsys, "jobs", "list", "--format", "json")[1]) == []
