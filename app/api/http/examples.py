"""An example for each operation: of its body, else of what it answers, and of what stands in its path."""

import json
from collections.abc import Callable
from typing import TypeAlias, cast

from pydantic import JsonValue

from app.api.http.example_values import (
    ANSWERED_AS_TENSOR,
    ANSWERED_BY,
    ASKED,
    ASKED_AS_TENSOR,
    AUDIT,
    COMPARED,
    HASH,
    JOB,
    LINE,
    LOGGED,
    MEASURED,
    METRIC,
    MODEL,
    MORNING,
    NOON,
    OPERATION,
    OVERVIEW,
    PATHS,
    PREDICTION,
    PRICE,
    RUN,
    SCHEDULE,
    SERVER,
    TENSORS,
    VERSION,
    Example,
)

Operation: TypeAlias = dict[str, JsonValue]


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
    "addPrice": {"per": "hour", "amount": "0.23", "currency": "USD", "valid_from": "2025-01-01T00:00:00Z"},
    "putEvaluationSchedule": SCHEDULE,
    "inferModel": ASKED_AS_TENSOR,
    "inferModelVersion": ASKED_AS_TENSOR,
    "predictRecords": {"record_ids": ["record-1", "record-2"], "version": "2"},
    "createPredictionJob": {"all": True, "version": "2"},
    "createEvaluation": ASKED,
    "importReports": {"prefix": "reports", "model": "my-model", "version": "2"},
}
ANSWERS: dict[str, JsonValue] = {
    "getLiveness": {"status": "ok"},
    "getServerLiveness": {"live": True},
    "getServerReadiness": {"ready": True},
    "getServerMetadata": SERVER,
    "getModelMetadata": TENSORS,
    "getModelVersionMetadata": TENSORS,
    "getModelReadiness": {"name": "my-model", "ready": True},
    "getModelVersionReadiness": {"name": "my-model", "ready": True},
    "inferModel": ANSWERED_AS_TENSOR,
    "inferModelVersion": ANSWERED_AS_TENSOR,
    "getReadiness": {"status": "ok", "parts": {"database": {"status": "ok", "reason": None}}},
    "listAudit": _page(AUDIT),
    "listModels": _page(MODEL),
    "getModel": MODEL,
    "listVersions": _page(VERSION),
    "getVersion": VERSION,
    "rollBackModel": MODEL | {"left_version": "3"},
    "listPrices": _page(PRICE),
    "addPrice": PRICE,
    "getOverview": OVERVIEW,
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
    "getOperation": OPERATION,
    "listPredictionJobs": _page(JOB),
    "getPredictionJob": JOB,
    "cancelPredictionJob": JOB | {"state": "cancelled", "seconds_left": None, "finished_at": NOON},
    "resumePredictionJob": JOB | {"state": "queued", "seconds_left": None},
    "getPredictionJobResults": _line(LINE),
    "listEvaluations": _page(RUN | {"headline": [METRIC]}),
    "listMetrics": _page(MEASURED),
    "compareEvaluations": {"a": 6, "b": 7, "shared": 7325, "metrics": [COMPARED]},
    "getEvaluation": RUN | {"metrics": [METRIC], "answered_by": [ANSWERED_BY]},
    "cancelEvaluation": RUN | {"state": "cancelled", "metrics": [], "answered_by": []},
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
    content = _inside(holder, "content")
    kind = next(iter(content)) if isinstance(example, str) else "application/json"
    _inside(content, kind)["example"] = example


def _add_paths(operation: Operation) -> None:
    for parameter in cast(list[Example], operation.get("parameters", [])):
        if parameter["in"] == "path":
            parameter["example"] = PATHS[cast(str, parameter["name"])]


def _inside(value: Example, *keys: str) -> Example:
    for key in keys:
        value = cast(Example, value[key])
    return value
