"""The conventions of docs/api.md, held over the OpenAPI document: whoever adds a route keeps them."""

import json
import re
from collections.abc import Mapping

import httpx
import pytest
from pydantic import JsonValue

from app.api.http.openapi import TAGS
from app.core import errors
from tests.api.documented import APP, DOCUMENT, OPERATIONS, ROUTES, each, each_strict
from tests.support.app import client_of
from tests.support.documents import (
    SCHEMAS,
    Object,
    Operation,
    at,
    content,
    names_in,
    references,
    schemas,
)

PREDICTING = {"predictRecord", "predictRecords", "createPredictionJob", "inferModel", "inferModelVersion"}
RECORD_TIMES = {"EvaluationRequest", "Reference", "PredictionJobRequest", "JobFilter"}


def test_operation_ids_are_unique_and_in_camel_case() -> None:
    names = [one.name for one in OPERATIONS]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name)] == []
    assert set(names) == ROUTES.keys()


@each
def test_it_is_described(operation: Operation) -> None:
    summary, description = str(operation.text["summary"]), str(operation.text["description"])
    assert 5 < len(summary) < 60
    assert not summary.endswith(".")
    assert description.rstrip().endswith(".")
    assert names_in(operation.text["tags"]) <= {tag["name"] for tag in TAGS if tag["description"]}
    assert all(one.get("description") for one in operation.responses.values())


@each
def test_its_path_and_its_parameters_fit(operation: Operation) -> None:
    in_path = [one["name"] for one in operation.parameters("path")]
    assert sorted(map(str, in_path)) == sorted(re.findall(r"{(\w+)}", operation.path))
    assert all(one["required"] and "example" in one for one in operation.parameters("path"))


@each_strict
def test_every_error_that_any_route_may_answer_is_documented(operation: Operation) -> None:
    expected = {
        404: "not-found",
        405: "method-not-allowed",
        422: "invalid-input",
        500: "internal",
        503: "unavailable",
    }
    if "requestBody" in operation.text:
        expected |= {413: "too-large", 415: "unsupported-media-type"}
    for status, slug in expected.items():
        assert f"`{slug}`" in str(operation.responses[str(status)]["description"])
    if operation.name in PREDICTING:
        assert "`misconfigured`" in str(operation.responses["500"]["description"])


def test_every_failure_of_a_platform_is_documented_where_one_record_is_predicted() -> None:
    predict = next(one for one in OPERATIONS if one.name == "predictRecord")
    told = {
        slug
        for response in predict.responses.values()
        for slug in re.findall(r"`([\w-]+)`", str(response["description"]))
    }
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    platform = {kind.slug for kind in kinds if issubclass(kind, errors.BackendError)} - {"backend"}
    assert platform | {"user-code", "misconfigured", "too-large", "conflict"} <= told


@each
def test_errors_are_problems(operation: Operation) -> None:
    known = {kind.slug for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "slug")}
    for status, response in operation.responses.items():
        if int(status) >= 400 and operation.name != "getReadiness":
            if operation.path.startswith("/v2"):
                assert content(response) == {"schema": {"$ref": SCHEMAS + "ProtocolError"}}
            else:
                problem = content(response, "application/problem+json")
                assert problem == {"schema": {"$ref": SCHEMAS + "Problem"}}
                assert content(response) == {}
            assert set(re.findall(r"`([\w-]+)`", str(response["description"]))) <= known


def test_lists_are_items_and_a_cursor() -> None:
    lists = [one for one in OPERATIONS if one.name.startswith("list")]
    assert len(lists) > 5
    for operation in lists:
        answer = resolved(content(operation.answer)["schema"])
        assert names_in(answer["properties"]) == names_in(answer["required"]) == {"items", "next_cursor"}
        query = {str(one["name"]): one["schema"] for one in operation.parameters("query")}
        assert (at(query["limit"], "default"), at(query["limit"], "minimum")) == (100, 1)
        assert "cursor" in query


@each
def test_nothing_else_answers_a_list(operation: Operation) -> None:
    """What a POST did to several things is `items` without a cursor: there is no next page of it."""
    for response in operation.responses.values():
        schema = content(response).get("schema", {})
        assert isinstance(schema, dict)
        options = schema.get("anyOf", [schema])
        for option in map(resolved, options if isinstance(options, list) else []):
            assert option.get("type") != "array"
            properties = option.get("properties")
            if isinstance(properties, dict) and "items" in properties and operation.method != "get":
                assert set(properties) == {"items"}


def resolved(schema: JsonValue) -> Object:
    assert isinstance(schema, dict)
    reference = schema.get("$ref")
    return schemas(DOCUMENT)[reference.removeprefix(SCHEMAS)] if isinstance(reference, str) else schema


def test_since_and_until_say_of_what() -> None:
    """Alone they are about the records of a request."""
    parameters = [str(one["name"]) for operation in OPERATIONS for one in operation.parameters("query")]
    assert {"computed_since", "finished_since"} <= set(parameters)
    assert {"since", "until"}.isdisjoint(parameters)
    fields = {
        name
        for name, schema in schemas(DOCUMENT).items()
        if not {"since", "until"}.isdisjoint(names_in(schema.get("properties", {})))
    }
    assert fields == RECORD_TIMES


def test_where_there_is_a_body_the_query_chooses_no_model() -> None:
    choosing = {"model", "version", "refresh"}
    for operation in OPERATIONS:
        if "requestBody" in operation.text:
            assert choosing.isdisjoint(str(one["name"]) for one in operation.parameters("query"))


def test_what_creates_work_takes_a_key() -> None:
    """And what does so by a file, or cannot be repeated: the page has their paths. Who asks twice for a
    prediction that is answered later is told the same place."""
    taking = {
        one.name
        for one in OPERATIONS
        if any(p["name"] == "Idempotency-Key" for p in one.parameters("header"))
    }
    working = {one.name for one in OPERATIONS if "202" in one.responses} - {"predictRecord"}
    assert working == {"createPredictionJob", "resumePredictionJob", "createEvaluation"}
    assert taking == working | {"importReports", "importRecords", "rollBackModel"}


def test_conditions_are_a_records() -> None:
    taking = {
        (one.method, one.path)
        for one in OPERATIONS
        if {"If-Match", "If-None-Match"} <= {str(p["name"]) for p in one.parameters("header")}
    }
    assert taking == {(method, "/records/{record_id}") for method in ("get", "put", "delete")}


def test_what_is_cancelled_comes_back() -> None:
    cancelling = [one for one in OPERATIONS if one.name.startswith("cancel")]
    assert {(one.method, one.path.rpartition("/")[2]) for one in cancelling} == {("post", "cancel")}
    for operation in cancelling:
        whole = next(one for one in OPERATIONS if f"{one.path}/cancel" == operation.path)
        assert content(operation.answer)["schema"] == content(whole.answer)["schema"]


def test_every_reference_resolves_and_no_schema_is_left_over() -> None:
    named = {SCHEMAS + name for name in schemas(DOCUMENT)}
    used = set(references(DOCUMENT))
    assert used - named == set()
    assert named - used == set()


def test_the_input_object_is_named_and_referred_to() -> None:
    known = schemas(DOCUMENT)
    here = [SCHEMAS + "InputObject"]
    assert [*references(known["RecordWrite"])] == here
    assert here[0] in references(known["Record"])
    assert here[0] in references(known["BatchRequest"])
    put = next(one for one in OPERATIONS if one.name == "putRecord")
    assert content(put.text["requestBody"])["schema"] == {"$ref": here[0]}
    assert "x-input-object" not in json.dumps(DOCUMENT)


@each_strict
async def test_unknown_and_repeated_parameters_are_refused(operation: Operation) -> None:
    """Before anything is done: the application is not even running."""
    async with client_of(APP) as client:
        unknown = await client.request(operation.method, operation.url, params={"nonsense": "1"})
        asked = operation.parameters("query")
        known = [str(one["name"]) for one in asked]
        told = faults_of(unknown)["nonsense"]
        assert told.endswith(", ".join(sorted(known)) if known else "this request takes none")
        for name in (str(one["name"]) for one in asked if type_of(one) != "array"):
            twice = await client.request(operation.method, f"{operation.url}?{name}=1&{name}=2")
            assert faults_of(twice) == {name: "is given more than once"}


def type_of(parameter: Mapping[str, JsonValue]) -> JsonValue:
    schema = parameter["schema"]
    assert isinstance(schema, dict)
    return schema.get("type")


def faults_of(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 422
    if response.request.url.path.startswith("/v2"):
        told = str(response.json()["error"]).removeprefix("The request's parameters do not fit. ")
        return dict(one.split(": ") for one in [told])
    return {one["field"]: one["message"] for one in response.json()["errors"]}


@pytest.mark.parametrize("path", ["/health/live?probe=1", "/docs?theme=dark", "/openapi.json?v=2"])
async def test_probes_and_the_documentation_are_lenient(path: str) -> None:
    async with client_of(APP) as client:
        assert (await client.get(path)).status_code == 200
