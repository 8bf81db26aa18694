"""Each operation has an example, which is valid; inputs and labels in it are those of the use case."""

from pydantic import JsonValue

from app.schemas.jobs.jobs import ResultLine
from app.schemas.records.imports import ImportLine
from tests.api.documented import OPERATIONS, ROUTES, each
from tests.support.documents import Operation, at, content
from tests.support.use_case import TRANSIT


@each
def test_it_has_an_example_that_is_valid(operation: Operation) -> None:
    route, example = ROUTES[operation.name], None
    if isinstance(body := operation.text.get("requestBody"), dict):
        if (example := content(body).get("example")) is not None:
            assert route.body_field is not None
            assert not route.body_field.validate(example, {}, loc=())[1]
        else:
            line = str(content(body, "application/x-ndjson")["example"])
            example = ImportLine.model_validate_json(line).model_dump(mode="json")
    elif (example := content(operation.answer).get("example")) is not None:
        assert route.response_field is not None
        assert not route.response_field.validate(example, {}, loc=())[1]
    elif lines := content(operation.answer, "application/x-ndjson"):
        example = ResultLine.model_validate_json(str(lines["example"])).model_dump(mode="json")
    if example is None:  # it takes nothing and answers nothing: its path has the examples
        assert min(operation.responses) == "204"
    for given in inputs_in(example if operation.name != "putRecord" else {"input": example}):
        TRANSIT.input_type.model_validate(given, extra="forbid")


def inputs_in(example: JsonValue) -> list[JsonValue]:
    if isinstance(example, dict):
        inner = [found for value in example.values() for found in inputs_in(value)]
        return [*inner, example["input"]] if "input" in example else inner
    return [found for one in example for found in inputs_in(one)] if isinstance(example, list) else []


def test_examples_hold_inputs_and_labels_of_the_use_case() -> None:
    named = {one.name: one for one in OPERATIONS}
    for name in ("writeRecords", "putRecord", "putLabel"):
        assert content(named[name].text["requestBody"])["example"]
    label = content(named["putLabel"].text["requestBody"])["example"]
    TRANSIT.label_type.validate_python(at(label, "value"))
    for name in ("listRecords", "getRecord"):
        assert inputs_in(content(named[name].answer)["example"])
