"""Which forms of rows fit together, and which a platform takes."""

import json

import pytest
from pydantic import JsonValue, ValidationError

from app.backends.registry import parse
from app.backends.wire.exchange import Exchange, json_writer
from app.backends.wire.options import WireOptions
from app.core.errors import InvalidInput

URL = "https://models.example.org"
NEEDED: dict[str, dict[str, JsonValue]] = {
    "azure_ml": {"scoring_url": URL},
    "databricks": {"url": URL, "endpoint": "transit"},
    "kserve": {"url": URL, "model": "transit"},
    "mlflow": {"url": URL},
    "sagemaker": {"endpoint_name": "transit"},
    "vertex": {"project": "p", "location": "europe-west4", "endpoint_id": "1"},
    "h2o": {"url": URL},
    "watsonx": {"deployment": "d", "space_id": "s", "region": "us-south"},
    "coreml": {"model": "m.mlmodel"},
}


def sent(options: WireOptions) -> JsonValue:
    body: JsonValue = json.loads(
        Exchange(options, json_writer(options, ("a", "b"), 2)).body([[1, 2], [3, None]])
    )
    return body


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({}, [[1, 2], [3, None]]),
        ({"rows": "lists"}, [[1, 2], [3, None]]),
        ({"rows": "objects"}, [{"a": 1, "b": 2}, {"a": 3, "b": None}]),
        ({"rows": "objects", "rows_key": "é"}, {"é": [{"a": 1, "b": 2}, {"a": 3, "b": None}]}),
        ({"rows_key": "inputs"}, {"inputs": [[1, 2], [3, None]]}),
        ({"rows": "features"}, {"instances": [{"features": [1, 2]}, {"features": [3, None]}]}),
        ({"rows": "features", "rows_key": "x"}, {"x": [{"features": [1, 2]}, {"features": [3, None]}]}),
        (
            {"rows": "dataframe_split"},
            {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3, None]]}},
        ),
        (
            {"rows": "tensors", "tensor_form": {"tensor_name": "x", "null_as": 0}},
            {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3, 0]}]},
        ),
    ],
)
def test_each_form(given: dict[str, JsonValue], body: JsonValue) -> None:
    assert sent(WireOptions.model_validate(given)) == body


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tensor_form": {}}, 'only for rows "tensors"'),
        ({"rows": "objects", "tensor_form": {}}, 'only for rows "tensors"'),
        ({"rows": "tensors", "rows_key": "x"}, "keys of their own"),
        ({"rows": "dataframe_split", "rows_key": "x"}, "keys of their own"),
        ({"rows": "columns"}, "'lists', 'objects'"),
        ({"rows": "tensors", "tensor_form": {"batch_rows": 3}}, "Extra inputs"),
        ({"rows_key": ""}, "at least 1"),
        ({"rows_key": "\0rows"}, "printable"),
        ({"answer_type": "text/plain"}, "'text/csv'"),
    ],
)
def test_what_does_not_fit_together(given: dict[str, JsonValue], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        WireOptions.model_validate(given)


@pytest.mark.parametrize(
    ("backend", "given", "said"),
    [
        ("kserve", {"rows": "objects"}, "only for the protocol v1"),
        ("kserve", {"answer_key": "x"}, "only for the protocol v1"),
        ("kserve", {"protocol": "v1", "rows": "tensors"}, "rows go under instances"),
        ("kserve", {"protocol": "v1", "rows_key": "x"}, "rows go under instances"),
        ("vertex", {"rows": "dataframe_split"}, "rows go under instances"),
        ("vertex", {"rows": "lists", "instances": "objects"}, "or instances, not both"),
        ("mlflow", {"rows": "lists", "body": "inputs"}, "or body, not both"),
        ("databricks", {"rows_key": "x", "body": "inputs"}, "or body, not both"),
        ("azure_ml", {"rows": "objects", "body": "split"}, "or body, not both"),
        ("azure_ml", {"rows": "tensors", "body": "data"}, "or body, not both"),
        (
            "sagemaker",
            {"content_type": "application/json", "rows": "lists", "json_key": "x"},
            "json_key, not both",
        ),
        ("sagemaker", {"rows": "features"}, "needs a content_type of JSON or JSON Lines"),
        ("sagemaker", {"rows": "tensors"}, "rows 'tensors' needs a content_type of JSON"),
        ("sagemaker", {"rows_key": "x"}, "rows_key needs a content_type of JSON"),
        (
            "sagemaker",
            {"content_type": "application/jsonlines", "rows": "tensors"},
            "needs a content_type of JSON",
        ),
        (
            "sagemaker",
            {"content_type": "application/jsonlines", "rows_key": "x"},
            "needs a content_type of JSON",
        ),
        ("sagemaker", {"content_type": "application/json", "csv_header": True}, "only for CSV"),
        ("h2o", {"rows": "lists"}, "no such option"),
        ("watsonx", {"rows": "lists"}, "no such option"),
        ("coreml", {"rows": "lists"}, "no such option"),
    ],
)
def test_what_a_platform_does_not_take(backend: str, given: dict[str, JsonValue], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(backend, NEEDED[backend] | given)
    assert any(said in fault.message for fault in caught.value.errors), caught.value.errors


@pytest.mark.parametrize("backend", ["kserve", "mlflow", "databricks", "vertex"])
def test_versions_that_differ_in_their_rows_share_a_look(backend: str) -> None:
    more: dict[str, JsonValue] = {"rows": "objects", "answer_key": "x", "answer_type": "text/csv"}
    protocol: dict[str, JsonValue] = {"protocol": "v1"} if backend == "kserve" else {}
    plain = parse(backend, NEEDED[backend] | protocol)
    assert parse(backend, NEEDED[backend] | protocol | more).place() == plain.place()
