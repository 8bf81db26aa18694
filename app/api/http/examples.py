"""An example for each operation: of its body, else of what it answers, and of what stands in its path."""

import json
from collections.abc import Callable
from typing import TypeAlias, cast

from pydantic import JsonValue

Operation: TypeAlias = dict[str, JsonValue]
Example: TypeAlias = dict[str, JsonValue]

HASH = "38afc9c7d3f63a603017e88dd6e6722a3311c2eb8cbbb6f885d7e0ea3f327a1f"
MORNING, NOON = "2025-01-31T09:00:00Z", "2025-01-31T12:00:00Z"
WINDOW: Example = {"since": "2025-01-01T00:00:00Z", "until": "2025-02-01T00:00:00Z"}

PATHS: Example = {
    "record_id": "record-1",
    "model": "my-model",
    "version": "2",
    "evaluation_id": 7,
    "job_id": 12,
    "prediction_id": 4711,
}
VERSION: Example = {
    "model": "my-model",
    "version": "2",
    "live": True,
    "backend": "sagemaker",
    "options": {"endpoint_name": "my-endpoint"},
    "features": ["age", "income"],
    "revision": "my-endpoint-config-2",
    "created_at": MORNING,
}
MODEL: Example = {"model": "my-model", "live_version": "2", "versions": [VERSION]}
PREDICTION: Example = {
    "record_id": "record-1",
    "content_hash": HASH,
    "prediction": 118.2,
    "cached": True,
    "model": "my-model",
    "version": "2",
    "revision": "my-endpoint-config-2",
    "computed_at": NOON,
}
LOGGED: Example = {key: value for key, value in PREDICTION.items() if key != "cached"} | {
    "id": 4711,
    "pipeline_version": "5d41402abc4b2a76",
    "raw_output": 118.1874,
    "latency_ms": 12.345,
    "expires_at": None,
    "superseded_at": None,
}
METRIC: Example = {
    "metric": "mae",
    "slice": "",
    "bucket": "",
    "value": 7.09,
    "reason": None,
    "low": 6.93,
    "high": 7.25,
    "n": 7325,
    "small": False,
}
ASKED: Example = {"kind": "quality", "version": "2", **WINDOW, "bucket": "week"}
LEFT_OUT: Example = {"without_time": 0, "unfit": 0, "warning": None}
RUN: Example = {
    "id": 7,
    "kind": "quality",
    "model": "my-model",
    "version": "2",
    "state": "done",
    "request": ASKED,
    "records": 7498,
    "labelled": 7325,
    "predicted": 7325,
    "failed": 0,
    **LEFT_OUT,
    "error": None,
    "report": None,
    "created_at": MORNING,
    "started_at": MORNING,
    "finished_at": NOON,
}
MEASURED: Example = {
    **METRIC,
    "evaluation_id": 7,
    "kind": "quality",
    "model": "my-model",
    "version": "2",
    "finished_at": NOON,
}
JOB: Example = {
    "id": 12,
    "model": "my-model",
    "version": "2",
    "engine": "pipeline",
    "request": {"all": True},
    "state": "running",
    "records": 14996,
    "predicted": 5000,
    "hits": 1200,
    "failed": 0,
    **LEFT_OUT,
    "records_per_second": 2510.4,
    "seconds_left": 3.982,
    "result": None,
    "error": None,
    "created_at": MORNING,
    "started_at": MORNING,
    "finished_at": None,
}
LINE: Example = {key: value for key, value in PREDICTION.items() if key != "cached"} | {
    "error": None,
    "detail": None,
}
COMPARED: Example = {
    "metric": "mae",
    "slice": "",
    "bucket": "",
    "n": 7325,
    "a": 9.37,
    "b": 7.09,
    "difference": -2.28,
    "low": -2.42,
    "high": -2.14,
    "verdict": "better",
    "reason": None,
}
SCHEDULE: Example = {"cron": "0 6 * * 1", "window_days": 7, "bucket": "day"}


def _page(item: Example) -> Example:
    return {"items": [item], "next_cursor": None}


def _line(value: Example) -> str:
    return json.dumps(value) + "\n"


BODIES: dict[str, JsonValue] = {
    "registerVersion": {
        "version": "2",
        "backend": "sagemaker",
        "options": {"endpoint_name": "my-endpoint"},
        "promote": True,
    },
    "promoteVersion": {"version": "2"},
    "putEvaluationSchedule": SCHEDULE,
    "predictRecords": {"record_ids": ["record-1", "record-2"], "version": "2"},
    "createPredictionJob": {"all": True, "version": "2"},
    "createEvaluation": ASKED,
    "importReports": {"prefix": "reports", "model": "my-model", "version": "2"},
}
ANSWERS: dict[str, JsonValue] = {
    "getLiveness": {"status": "ok"},
    "getReadiness": {"status": "ok", "parts": {"database": {"status": "ok", "reason": None}}},
    "listModels": _page(MODEL),
    "getModel": MODEL,
    "listVersions": _page(VERSION),
    "getVersion": VERSION,
    "rollBackModel": MODEL,
    "getEvaluationSchedule": {
        **SCHEDULE,
        "model": "my-model",
        "next_run": "2025-02-03T06:00:00Z",
        "last_evaluation_id": 7,
        "error": None,
    },
    "predictRecord": PREDICTION,
    "listPredictions": _page(LOGGED),
    "getPrediction": LOGGED,
    "listPredictionJobs": _page(JOB),
    "getPredictionJob": JOB,
    "cancelPredictionJob": JOB | {"state": "cancelled", "seconds_left": None, "finished_at": NOON},
    "resumePredictionJob": JOB | {"state": "queued", "seconds_left": None},
    "getPredictionJobResults": _line(LINE),
    "listEvaluations": _page(RUN | {"headline": [METRIC]}),
    "listMetrics": _page(MEASURED),
    "compareEvaluations": {"a": 6, "b": 7, "shared": 7325, "metrics": [COMPARED]},
    "getEvaluation": RUN | {"metrics": [METRIC]},
    "cancelEvaluation": RUN | {"state": "cancelled", "metrics": []},
}


def adder(given: JsonValue, truth: JsonValue) -> Callable[[Operation], None]:
    """What puts an operation's examples in.

    ``given`` is an input and ``truth`` a label of the use case; where there is none, so are its examples.
    """
    bodies, answers = dict(BODIES), dict(ANSWERS)
    label: Example | None = None if truth is None else {"value": truth, "observed_at": NOON}
    if label is not None:
        bodies["putLabel"] = answers["getLabel"] = label
    if given is not None:
        written: Example = {"id": "record-1", "input": given}
        record = written | {"content_hash": HASH, "created_at": MORNING, "updated_at": NOON, "label": label}
        bodies |= {
            "writeRecords": written,
            "putRecord": given,
            "importRecords": _line(written | {"label": truth}),
        }
        answers |= {"listRecords": _page(record), "getRecord": record}

    def add(operation: Operation) -> None:
        name = cast(str, operation["operationId"])
        _add_body(operation, bodies.get(name))
        _add_answer(operation, answers.get(name))
        _add_paths(operation)

    return add


def _add_body(operation: Operation, example: JsonValue) -> None:
    if example is not None:
        _put(_inside(operation, "requestBody"), example)


def _add_answer(operation: Operation, example: JsonValue) -> None:
    """To what it answers when all went well."""
    if example is not None:
        answers = _inside(operation, "responses")
        _put(_inside(answers, min(answers)), example)


def _put(holder: Example, example: JsonValue) -> None:
    kind = "application/x-ndjson" if isinstance(example, str) else "application/json"
    _inside(holder, "content", kind)["example"] = example


def _add_paths(operation: Operation) -> None:
    for parameter in cast(list[Example], operation.get("parameters", [])):
        if parameter["in"] == "path":
            parameter["example"] = PATHS[cast(str, parameter["name"])]


def _inside(value: Example, *keys: str) -> Example:
    for key in keys:
        value = cast(Example, value[key])
    return value
