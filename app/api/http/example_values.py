"""What the examples of the OpenAPI document are made of: one of each thing, as it leaves."""

from typing import TypeAlias

from pydantic import JsonValue

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
    "operation_id": 23,
}
VERSION: Example = {
    "model": "my-model",
    "version": "2",
    "live": True,
    "backend": "sagemaker",
    "options": {"endpoint_name": "my-endpoint"},
    "features": ["age", "income"],
    "revision": "my-endpoint-config-2",
    "revisions": ["my-endpoint-config-2"],
    "pending": False,
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
    "variant": "AllTraffic",
    "source_id": None,
    "expires_at": None,
    "superseded_at": None,
    "inference_id": "0f8d9a52-5b0b-4c53-9d84-2c1f0f4f6a11",
    "inference_position": 0,
    "custom_attributes": None,
}
OPERATION: Example = {
    "id": 23,
    "state": "done",
    "record_id": "record-1",
    "content_hash": HASH,
    "model": "my-model",
    "version": "2",
    "created_at": MORNING,
    "submitted_at": MORNING,
    "finished_at": NOON,
    "prediction_id": 4711,
    "prediction": PREDICTION | {"cached": False},
    "problem": None,
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
    "without_time": 0,
    "unfit": 0,
    "warning": None,
    "error": None,
    "report": None,
    "created_at": MORNING,
    "started_at": MORNING,
    "finished_at": NOON,
}
ANSWERED_BY: Example = {"revision": "my-endpoint-config-2", "variant": None, "records": 7325}
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
    "without_time": 0,
    "unfit": 0,
    "warning": None,
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
AUDIT: Example = {
    "id": 31,
    "at": NOON,
    "actor": "deployer",
    "action": "promoted",
    "subject": "model my-model, version 2",
    "details": {},
    "request_id": "b0c3e5f7a1d24a8c9e6f5d4c3b2a1908",
}
SCHEDULE: Example = {"cron": "0 6 * * 1", "window_days": 7, "bucket": "day"}
PRICE: Example = {
    "id": 3,
    "model": "my-model",
    "version": None,
    "per": "hour",
    "amount": "0.23",
    "currency": "USD",
    "valid_from": "2025-01-01T00:00:00Z",
    "created_at": MORNING,
}
COUNTS: Example = {"hit": 9120, "miss": 840, "coalesced": 31, "stale": 2, "error": 7}
FAST: Example = {"count": 9120, "p50": 1.2, "p95": 4.1, "p99": 8.7}
SLOW: Example = {"count": 840, "p50": 21.5, "p95": 48.0, "p99": 97.0}
ERRORS: JsonValue = [{"cause": "backend-timeout", "answers": 7}]
OVERVIEW: Example = {
    "window": "24h",
    "answered_since": "2025-01-30T13:00:00Z",
    "answered_until": NOON,
    "step_seconds": 3600,
    "answers": COUNTS,
    "asked": COUNTS,
    "hit_rate": 0.9126,
    "hit_latency": FAST,
    "miss_latency": SLOW,
    "errors": ERRORS,
    "inferences": {"rows": 840, "calls": 420, "copies": 12, "latency": SLOW},
    "savings": {
        "answers": 9153,
        "would_have_cost": [{"currency": "USD", "amount": "0.006432"}],
        "unpriced": [],
        "cost": [{"currency": "USD", "amount": "0.000590"}],
    },
    "live_versions": [
        {
            "model": "my-model",
            "version": "2",
            "backend": "sagemaker",
            "revision": "my-endpoint-config-2",
            "live_since": MORNING,
        }
    ],
    "queue": [{"kind": "chunks", "waiting": 3, "oldest": NOON}],
    "workers": 2,
    "steps": [{"at": NOON, "answers": COUNTS, "hit_latency": FAST, "miss_latency": SLOW, "errors": ERRORS}],
}
SERVER: Example = {"name": "sagemaker-fastapi", "version": "0.1.0", "extensions": ["binary_tensor_data"]}
TENSORS: Example = {
    "name": "my-model",
    "versions": ["2"],
    "platform": "sagemaker-fastapi",
    "inputs": [{"name": "record_id", "datatype": "BYTES", "shape": [-1]}],
    "outputs": [{"name": "prediction", "datatype": "FP64", "shape": [-1]}],
}
ASKED_AS_TENSOR: Example = {
    "id": "mine",
    "inputs": [
        {"name": "record_id", "shape": [2], "datatype": "BYTES", "data": ["record-1", "record-2"]},
    ],
}
ANSWERED_AS_TENSOR: Example = {
    "id": "mine",
    "model_name": "my-model",
    "model_version": "2",
    "parameters": {"cached": True},
    "outputs": [{"name": "prediction", "datatype": "FP64", "shape": [2], "data": [118.2, 97.4]}],
}
