"""Workers are killed amid their work, which ends as if they had not been; nothing is predicted twice."""

import json
from datetime import datetime
from typing import TypeVar

from pydantic import JsonValue

from app.schemas.evaluations.runs import Evaluation
from app.schemas.jobs.jobs import PredictionJob
from tests.stack.crashes import is_back
from tests.stack.load import Ledger
from tests.stack.report import Report
from tests.stack.stack import Failed, Stack, kill, state, wait_until

BEGUN_SECONDS = 60
DONE_SECONDS = 120
"""What a dead worker had begun is taken over after some seconds."""

Work = TypeVar("Work", Evaluation, PredictionJob)


def jobs(stack: Stack, report: Report, _: Ledger) -> None:
    """An evaluation by one worker, and a prediction job by three."""
    with report.check("the worker is killed amid an evaluation, comes back and ends it") as notes:
        labelled = int(stack.sql("select count(*) from labels join input_objects on id = record_id"))
        asked = stack.api.post("/evaluations", json={"version": "2", "bucket": "month"})
        run = _end_despite_a_kill(stack, Evaluation.model_validate_json(asked.read()), notes)
        _require_counts([run.labelled, run.predicted, run.failed], [labelled, labelled, 0])
        months = [one.n for one in run.metrics if one.metric == "mae" and one.bucket and not one.slice]
        _require_counts([sum(months)], [labelled])
    with report.check("one of three workers is killed amid a prediction job, which they end") as notes:
        stack.scale("worker", 3)
        records = int(stack.sql("select count(*) from input_objects"))
        asked = stack.api.post("/prediction-jobs", json={"version": "1", "all": True})
        job = _end_despite_a_kill(stack, PredictionJob.model_validate_json(asked.read()), notes)
        _require_counts([job.records, job.predicted, job.failed], [records, records, 0])
        _require_counts(_results(stack, job), [records, records])
        stack.scale("worker", 1)


def _end_despite_a_kill(stack: Stack, asked: Work, notes: list[str]) -> Work:
    """Kill a worker amid the work that was asked for; what it came to in the end."""
    worker = stack.container("worker")
    restarts = state(worker)[1]
    wait_until("something is predicted", lambda: _now(stack, asked).predicted > 0, BEGUN_SECONDS)
    kill(worker)
    amid = _now(stack, asked)
    if amid.state != "running":
        raise Failed(f"The worker was killed too late: {amid.state}")
    wait_until("the worker is back", lambda: is_back(worker, restarts), BEGUN_SECONDS)
    wait_until("the work has ended", lambda: _now(stack, asked).state != "running", DONE_SECONDS)
    ended = _now(stack, asked)
    if ended.state != "done":
        raise Failed(f"It is {ended.state}: {ended.error}")
    made = _require_each_once(stack, asked.created_at)
    notes.append(f"killed at {amid.predicted} of {ended.predicted}; {made} predictions made, each once")
    return ended


def _now(stack: Stack, asked: Work) -> Work:
    path = "evaluations" if isinstance(asked, Evaluation) else "prediction-jobs"
    answer = stack.api.get(f"/{path}/{asked.id}").raise_for_status()
    return type(asked).model_validate_json(answer.read())


def _require_each_once(stack: Stack, since: datetime) -> int:
    """How many predictions were made since then; no two for the same key."""
    key = "(record_id, content_hash, model_version_id, pipeline_version, revision)"
    counts = f"select count(*), count(distinct {key}) from predictions where computed_at >= '{since}'"
    made, keys = map(int, stack.sql(counts).split("|"))
    _require_counts([made], [keys])
    return made


def _results(stack: Stack, job: PredictionJob) -> list[int]:
    """How many results the job has, and of how many records there is a prediction among them."""
    answer = stack.api.get(f"/prediction-jobs/{job.id}/results").raise_for_status()
    lines: list[dict[str, JsonValue]] = [json.loads(line) for line in answer.iter_lines()]
    return [len(lines), len({line["record_id"] for line in lines if line["prediction"] is not None})]


def _require_counts(found: list[int], expected: list[int]) -> None:
    if found != expected:
        raise Failed(f"Counted {found} instead of {expected}")
