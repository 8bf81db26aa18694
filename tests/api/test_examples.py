"""Each operation has an example, which is valid; inputs and labels in it are those of the use case."""

import json

import pytest
from fastapi.encoders import jsonable_encoder
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel, JsonValue

from app.schemas.jobs.jobs import ResultLine
from app.schemas.records.imports import ImportLine
from tests.api.documented import OPERATIONS, ROUTES, each
from tests.support.documents import Operation, at, content
from tests.support.use_case import TRANSIT

BY_NAME = {one.name: one for one in OPERATIONS}
LINES: dict[str, type[BaseModel]] = {
    "importRecords": ImportLine,
    "getPredictionJobResults": ResultLine,
}


def example_of(operation: Operation) -> JsonValue:
    """That of its body, else of its answer; lines are JSON by themselves."""
    holder = operation.text.get("requestBody", operation.answer)
    if operation.name in LINES:
        return json.loads(str(content(holder, "application/x-ndjson")["example"]))  # type: ignore[no-any-return]
    return content(holder).get("example")


@each
def test_it_has_an_example_that_is_valid(operation: Operation) -> None:
    route, example = ROUTES[operation.name], example_of(operation)
    if operation.name in LINES:
        held: object = LINES[operation.name].model_validate(example)
    elif operation.name == "getMetrics":
        assert [*text_string_to_metric_families(str(content(operation.answer, "text/plain")["example"]))]
        return
    elif example is None:  # it takes nothing and answers nothing: its path has the examples
        assert min(operation.responses) == "204"
        return
    else:
        field = route.body_field or route.response_field
        assert field is not None
        held, faults = field.validate(example, {}, loc=())
        assert not faults
    assert has_all(jsonable_encoder(held), example)


def has_all(held: JsonValue, example: JsonValue) -> bool:
    """Whether everything in the example is in what was read of it."""
    if isinstance(example, dict) and isinstance(held, dict):
        return all(key in held and has_all(held[key], value) for key, value in example.items())
    if isinstance(example, list) and isinstance(held, list):
        return len(held) == len(example) and all(map(has_all, held, example))
    return held == example


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("putRecord", []),
        ("writeRecords", ["input"]),
        ("importRecords", ["input"]),
        ("getRecord", ["input"]),
    ],
)
def test_an_input_in_it_is_one(name: str, place: list[str]) -> None:
    given = at(example_of(BY_NAME[name]), *place)
    assert TRANSIT.input_type.model_validate(given, extra="forbid")


@pytest.mark.parametrize(
    ("name", "place"),
    [("putLabel", ["value"]), ("getLabel", ["value"]), ("importRecords", ["label"])],
)
def test_a_label_in_it_is_one(name: str, place: list[str]) -> None:
    label = at(example_of(BY_NAME[name]), *place)
    assert TRANSIT.label_type.validate_python(label) == label
