"""Jobs and evaluations are watched in one way; how far they are is scripted here, without a database."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest
import typer
from pydantic import JsonValue

from app.cli.terminal import patience, progress, stages
from app.cli.terminal.progress import Stage, detachable, until_ended
from app.core.errors import Unavailable
from app.schemas.evaluations.runs import Run
from app.schemas.jobs.jobs import PredictionJob

StageOf: TypeAlias = Callable[[str, int, int], Stage]

MODEL: dict[str, JsonValue] = {"id": 7, "model": "transit", "version": "1"}
TIMES: dict[str, JsonValue] = {"created_at": "2026-01-01T00:00:00Z", "started_at": None, "finished_at": None}
LEFT_OUT: dict[str, JsonValue] = {"without_time": 0, "unfit": 0, "warning": None}
JOB = (
    MODEL
    | TIMES
    | LEFT_OUT
    | {"engine": "pipeline", "request": {}, "records": 4000, "hits": 5, "result": None}
)
RUN = (
    MODEL
    | TIMES
    | LEFT_OUT
    | {"kind": "quality", "request": {}, "records": 5000, "labelled": 4000, "report": None}
)


def job(state: str, predicted: int, failed: int) -> Stage:
    pace: dict[str, JsonValue] = {
        "records_per_second": None if state == "queued" else 1500.0,
        "seconds_left": 2.0 if state == "running" else None,
    }
    now: dict[str, JsonValue] = {"state": state, "predicted": predicted, "failed": failed, "error": None}
    return stages.of_job(PredictionJob.model_validate(JOB | pace | now))


def evaluation(state: str, predicted: int, failed: int) -> Stage:
    now: dict[str, JsonValue] = {"state": state, "predicted": predicted, "failed": failed, "error": None}
    return stages.of_evaluation(Run.model_validate(RUN | now))


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PAUSE", 0)


@pytest.fixture
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")


def watch(told: Sequence[Stage]) -> Stage:
    """What is found last, of something that is at one stage after the other."""
    left = iter(told)

    async def look() -> Stage:
        return next(left)

    return asyncio.run(until_ended(look, lambda stage: stage))


@pytest.mark.usefixtures("_terminal")
@pytest.mark.parametrize(("stage_of", "name"), [(job, "Job 7"), (evaluation, "Evaluation 7")])
def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], stage_of: StageOf, name: str) -> None:
    told = [stage_of("queued", 0, 0), stage_of("running", 1000, 2), stage_of("done", 3998, 2)]
    assert watch(told) == told[-1]
    shown = capsys.readouterr().err
    assert f"{name} is done" in shown
    assert "━" in shown
    assert "4000/4000" in shown
    assert " a second " in shown


@pytest.mark.usefixtures("_terminal")
def test_the_bar_has_the_services_rate(capsys: pytest.CaptureFixture[str]) -> None:
    watch([job("running", 1000, 0), job("done", 4000, 0)])
    assert "1,500 a second" in capsys.readouterr().err


COUNTS = "of 4,000 records predicted, 5 of them before"
JOB_LINES = [
    f"Job 7 is queued: 0 {COUNTS}, 0 failed.",
    f"Job 7 is running: 1,000 {COUNTS}, 2 failed, 1,500 a second, 2 s left.",
    f"Job 7 is running: 2,000 {COUNTS}, 2 failed, 1,500 a second, 2 s left.",
]
EVALUATION_LINES = [
    "Evaluation 7 waits for a worker: 0 of 4,000 records, 0 failed.",
    "Evaluation 7 is running: 1,002 of 4,000 records, 2 failed.",
    "Evaluation 7 is running: 2,002 of 4,000 records, 2 failed.",
]


@pytest.mark.parametrize(("stage_of", "lines"), [(job, JOB_LINES), (evaluation, EVALUATION_LINES)])
@pytest.mark.parametrize("due", [True, False])
def test_a_script_gets_lines(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    stage_of: StageOf,
    lines: list[str],
    due: bool,
) -> None:
    """Each new state at once, and what is new within one when it is due; the end is told by the command."""
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0 if due else 3600.0)
    running = stage_of("running", 1000, 2)
    watch(
        [stage_of("queued", 0, 0), running, running, stage_of("running", 2000, 2), stage_of("done", 3998, 2)]
    )
    out, errors = capsys.readouterr()
    assert (out, errors.splitlines()) == ("", lines if due else lines[:2])


@pytest.mark.usefixtures("_terminal")
@pytest.mark.parametrize("stage_of", [job, evaluation])
def test_nothing_is_shown_of_what_has_ended(capsys: pytest.CaptureFixture[str], stage_of: StageOf) -> None:
    watch([stage_of("cancelled", 0, 0)])
    assert capsys.readouterr() == ("", "")


def test_metrics_come_after_the_last_record() -> None:
    assert evaluation("running", 3998, 2).title == "Evaluation 7 is computing metrics"


@pytest.mark.parametrize(("stage_of", "name"), [(job, "Job 7"), (evaluation, "Evaluation 7")])
def test_control_c_detaches(capsys: pytest.CaptureFixture[str], stage_of: StageOf, name: str) -> None:
    async def interrupted() -> Stage:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as caught, detachable(name, "python -m app show 7"):
        asyncio.run(until_ended(interrupted, lambda stage: stage))
    assert caught.value.exit_code == 130
    assert capsys.readouterr().err == (
        f"{name} goes on without you. To see more of it: python -m app show 7\n"
    )


@pytest.mark.parametrize("short", [0.0, 3600.0])
def test_work_that_takes_a_moment_is_counted_with_its_rate_and_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, short: float
) -> None:
    monkeypatch.setattr(progress, "SHORT", short)
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)
    with progress.counted("Writing a.csv", 4000) as count:
        for done in (1000, 2000, 4000):
            count(done)
    out, errors = capsys.readouterr()
    lines = errors.splitlines()
    assert out == ""
    assert len(lines) == (0 if short else 2)  # the end is told by the command
    assert all(line.startswith("Writing a.csv: ") and line.endswith(" s left.") for line in lines)


def test_what_is_waited_for_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "SAY_AFTER", 0.0)
    monkeypatch.setattr(patience, "PAUSE", 0.0)
    tries = iter([Unavailable("The database cannot be reached."), None])

    async def work() -> str:
        if (error := next(tries)) is not None:
            raise error
        return "done"

    assert asyncio.run(patience.patiently(work, time.monotonic() + 60)) == "done"
    assert re.fullmatch(
        r"Waiting for up to \d+ s more: The database cannot be reached.\n", capsys.readouterr().err
    )
