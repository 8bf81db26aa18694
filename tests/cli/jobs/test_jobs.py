"""Jobs are listed, shown, ended and gone on with; and somebody has to do them."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator

import pytest
from pydantic import JsonValue

from app.cli.jobs import files
from app.cli.terminal import workers
from app.core.settings import Settings
from app.db.queue import lives
from tests.cli.jobs.running import ask, run, worker

pytestmark = pytest.mark.usefixtures("orders")


def test_jobs_are_listed(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    assert json.loads(run(capsys, "jobs", "list", "--format", "json")[1]) == []
    asyncio.run(ask(settings, cancelled=True))
    asyncio.run(ask(settings))
    code, out, errors = run(capsys, "jobs", "list", "--format", "csv")
    rows = list(csv.DictReader(out.splitlines()))
    assert (code, errors) == (0, "")
    assert [(row["id"], row["state"], row["records"]) for row in rows] == [
        ("2", "queued", "4"),
        ("1", "cancelled", "4"),
    ]
    assert run(capsys, "jobs", "list", "--limit", "1")[2] == "There are more than these 1: raise --limit.\n"


def test_a_job_is_shown_cancelled_and_resumed(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    asyncio.run(ask(settings))
    code, out, _ = run(capsys, "jobs", "show", "1", "--now", "--format", "json")
    assert (code, json.loads(out)["state"]) == (0, "queued")
    assert run(capsys, "jobs", "cancel", "1")[1].startswith("Job 1 is cancelled: 0 of 4 records predicted")
    assert "has ended: it is cancelled" in run(capsys, "jobs", "cancel", "1")[2]
    code, out, _ = run(capsys, "jobs", "show", "1")
    assert (code, "state\tcancelled" in out.splitlines()) == (3, True)
    with worker(settings, 4):  # two tasks are from before
        code, out, errors = run(capsys, "jobs", "resume", "1")
    assert (code, out) == (0, "")
    assert errors.splitlines()[-1].startswith("Job 1 is done: 4 of 4 records predicted")
    assert run(capsys, "jobs", "show", "9") == (1, "", "Error: There is no prediction job 9.\n")


def test_results_are_printed(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    with worker(settings, 2):
        run(capsys, "jobs", "start", "--all")
    ids = ["a", "r1", "r2", "r3"]
    _, out, _ = run(capsys, "jobs", "results", "1", "--format", "json")
    assert [one["record_id"] for one in json.loads(out)] == ids
    _, out, _ = run(capsys, "jobs", "results", "1", "--format", "csv")
    assert [row["record_id"] for row in csv.DictReader(out.splitlines())] == ids
    code, out, errors = run(capsys, "jobs", "results", "1", "--limit", "3")
    assert (code, [line.split("\t")[0] for line in out.splitlines()]) == (0, ["record_id", *ids[:3]])
    assert errors.startswith("There are more than these 3: ")


@pytest.mark.parametrize(
    ("parts", "lines"),
    [([], []), (['{"a": "x\u2028\x85y"}\n', '{"a": 1}\n{"a": 2}\n'], ["x\u2028\x85y", 1, 2])],
)
def test_lines_of_json_become_one_array(parts: list[str], lines: list[JsonValue]) -> None:
    """Other line ends than JSON's own are parts of texts."""

    async def read() -> AsyncIterator[str]:
        for part in parts:
            yield part

    async def written() -> str:
        return "".join([part async for part in files.as_array(read())])

    assert [one["a"] for one in json.loads(asyncio.run(written()))] == lines


def test_a_job_is_only_queued(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "jobs", "start", "--all", "--detach") == (0, "1\n", "")


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 0.05)
    monkeypatch.setattr(workers, "LOOK_EVERY", 0.0)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(
    ("command", "what"), [(("jobs", "start", "--all"), "Job 1"), (("evaluate", "run"), "Evaluation 1")]
)
def test_where_no_worker_lives_it_is_said(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], what: str
) -> None:
    code, out, errors = run(capsys, *command)
    assert (code, out) == (4, "")
    assert errors.splitlines()[-1] == (
        f"Error: {what} stands still, as no worker is alive: start one: python -m app worker, or give --wait."
    )


@pytest.mark.usefixtures("_impatient")
def test_one_is_waited_for_that_is_asked_to(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    with worker(settings, 2, after=0.5):
        code, _, errors = run(capsys, "jobs", "start", "--all", "--wait")
    assert code == 0
    said = "Job 1 waits, as no worker is alive: start one: python -m app worker."
    assert errors.splitlines().count(said) == 1


@pytest.mark.usefixtures("_impatient")
def test_one_that_lives_is_waited_for(
    capsys: pytest.CaptureFixture[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def one(_: object) -> int:
        return 1

    monkeypatch.setattr(lives, "count", one)
    with worker(settings, 2, after=0.3):
        assert run(capsys, "jobs", "start", "--all")[0] == 0


@pytest.mark.parametrize(
    ("old", "now", "code"),
    [
        (["predict", "--all", "--version=9"], "jobs start", 1),
        (["predict", "--where", '{"carier": 1}', "--model", "transit"], "jobs start", 1),
        (["predict", "--job", "7"], "jobs show", 1),
        (["predict", "--output", "a.csv", "--job=7"], "jobs results", 1),
        (["evaluate", "history", "--csv"], "evaluate history", 0),
    ],
)
def test_old_spellings_go_on_working_with_a_note(
    capsys: pytest.CaptureFixture[str], old: list[str], now: str, code: int
) -> None:
    found, _, errors = run(capsys, *old)
    note, *_ = errors.splitlines()
    assert note.startswith(f"Note: this is `{now}")
    assert found == code
