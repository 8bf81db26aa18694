"""The one option for how rows are sent, on each platform that has it; and the older ones, as they were."""

import pytest
from pydantic import JsonValue

from app.schemas.rows import Row
from tests.backends.bench import Bench
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer

LISTS: JsonValue = [[1, None], [2.5, "x"]]
OBJECTS: JsonValue = [{"a": 1, "b": None}, {"a": 2.5, "b": "x"}]
FEATURES: JsonValue = [{"features": [1, None]}, {"features": [2.5, "x"]}]
VALUES: JsonValue = [
    {"data": {"features": {"values": [1, None]}}},
    {"data": {"features": {"values": [2.5, "x"]}}},
]
ROWS: list[Row] = [[1, None], [2.5, "x"]]
SPLIT: JsonValue = {"columns": ["a", "b"], "data": LISTS}

CASES: list[tuple[str, dict[str, JsonValue], JsonValue]] = [
    ("sagemaker", {}, LISTS),
    ("sagemaker", {"json_key": "instances"}, {"instances": LISTS}),
    ("sagemaker", {"rows_key": "inputs"}, {"inputs": LISTS}),
    ("sagemaker", {"rows": "features"}, {"instances": FEATURES}),
    ("sagemaker", {"rows": "values"}, {"instances": VALUES}),
    ("sagemaker", {"rows": "objects"}, OBJECTS),
    ("sagemaker", {"rows": "dataframe_split"}, {"dataframe_split": SPLIT}),
    ("azure_ml", {"body": "data"}, {"data": LISTS}),
    ("azure_ml", {"body": "data", "rows": "objects"}, {"data": OBJECTS}),
    ("azure_ml", {"rows": "objects"}, OBJECTS),
    ("azure_ml", {"rows": "objects", "rows_key": "inputs"}, {"inputs": OBJECTS}),
    ("azure_ml", {"rows": "dataframe_split"}, {"dataframe_split": SPLIT}),
    ("databricks", {"body": "inputs"}, {"inputs": LISTS}),
    ("databricks", {"rows": "objects"}, {"dataframe_records": OBJECTS}),
    ("databricks", {"rows_key": "instances"}, {"instances": LISTS}),
    ("mlflow", {}, {"dataframe_split": SPLIT}),
    ("mlflow", {"rows": "lists"}, {"inputs": LISTS}),
    ("mlflow", {"rows": "objects"}, {"dataframe_records": OBJECTS}),
    ("mlflow", {"rows": "objects", "rows_key": "instances"}, {"instances": OBJECTS}),
    ("vertex", {"instances": "objects"}, {"instances": OBJECTS}),
    ("vertex", {"rows": "features", "parameters": {"k": 2}}, {"instances": FEATURES, "parameters": {"k": 2}}),
    ("kserve", {"protocol": "v1", "rows": "objects"}, {"instances": OBJECTS}),
]


@pytest.mark.parametrize(("bench", "options", "body"), CASES, indirect=["bench"])
async def test_rows_go_out_as_the_options_say(
    bench: Bench, options: dict[str, JsonValue], body: JsonValue
) -> None:
    bench.answer = bench.remote.reply([0.5, 1.5])
    if options.get("protocol") == "v1":
        bench.answer = Answer(
            body=b'{"predictions": [0.5, 1.5]}', headers={"Content-Type": "application/json"}
        )
    backend = bench.open(**options)
    assert (await backend.predict(ROWS, TIMEOUT)).outputs == [0.5, 1.5]
    (sent,) = bench.predictions
    assert sent.json == body
    tight = bench.open(max_bytes=2000, **options)
    assert len(sent.body) <= 2000 - tight.limits.bytes + sum(map(backend.row_bytes, ROWS))
    await tight.aclose()
    await backend.aclose()


@pytest.mark.parametrize("bench", ["sagemaker", "azure_ml", "mlflow", "databricks"], indirect=True)
async def test_tensors_wherever_a_container_may_want_them(bench: Bench) -> None:
    bench.answer = Answer(
        body=b'{"outputs": [{"name": "y", "shape": [2, 1], "datatype": "FP32", "data": [0.5, 1.5]}]}',
        headers={"Content-Type": "application/json"},
    )
    form: JsonValue = {"tensors": "per_feature", "datatype": "FP32", "content_type": "pd", "output": "y"}
    backend = bench.open(rows="tensors", tensor_form=form)
    assert (await backend.predict([[1, 2], [3, 4]], TIMEOUT)).outputs == [0.5, 1.5]
    sent = bench.predictions[0].json
    assert isinstance(sent, dict)
    assert sent["inputs"] == [
        {"name": name, "shape": [2, 1], "datatype": "FP32", "data": data}
        for name, data in (("a", [1, 3]), ("b", [2, 4]))
    ]
    assert sent["outputs"] == [{"name": "y"}]
    await backend.aclose()


@pytest.mark.parametrize("bench", ["sagemaker", "azure_ml", "mlflow", "databricks"], indirect=True)
@pytest.mark.parametrize(
    ("options", "kind", "body"),
    [
        ({"answer_key": "y"}, "application/json", b'{"x": [7], "y": [0.5, 1.5]}'),
        ({"answer_type": "application/json"}, "text/plain", b"[0.5, 1.5]"),
        ({"answer_type": "text/csv"}, "application/octet-stream", b"0.5\n1.5\n"),
        ({}, "Application/Vnd.Model+JSON", b"[0.5, 1.5]"),
        ({}, "text/csv;charset=utf-8", b"0.5\n1.5\n"),
    ],
)
async def test_answers_are_read_as_the_options_say(
    bench: Bench, options: dict[str, JsonValue], kind: str, body: bytes
) -> None:
    bench.answer = Answer(body=body, headers={"Content-Type": kind})
    backend = bench.open(**options)
    assert (await backend.predict([[1, 2], [3, 4]], TIMEOUT)).outputs == [0.5, 1.5]
    await backend.aclose()
