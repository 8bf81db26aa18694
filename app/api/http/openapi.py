"""The OpenAPI document: FastAPI makes it; what only the application knows is put in here."""

from collections.abc import Callable, Mapping
from typing import cast

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, JsonValue

from app.api.document import enumerations
from app.api.http import examples, input_schema
from app.schemas.predictions.protocol import InferenceRequest
from app.schemas.problem import Problem
from app.schemas.records.records import INPUT_STANDS_HERE
from app.services.use_case import UseCase

TAGS = [
    {"name": name, "description": description}
    for name, description in {
        "health": "Whether the process lives, and whether it can work.",
        "records": "Input objects under the callers' own ids, and the truths about them.",
        "models": "Models, their versions, and which is live.",
        "predictions": "Predictions by record id, through the cache, and the history of all of them.",
        "inference protocol": "Predictions as tensors, for clients of the Open Inference Protocol V2.",
        "prediction jobs": "Many predictions asked for at once, made by workers.",
        "overview": "What was answered, and what the cache saved.",
        "access": "Who did what.",
        "evaluations": "How good the predictions of a version are, and since when.",
    }.items()
]


def operation_id(route: APIRoute) -> str:
    """The function's name as generated clients like it: put_record is putRecord."""
    first, *others = route.name.split("_")
    return first + "".join(word.capitalize() for word in others)


def install(app: FastAPI, use_case: UseCase) -> None:
    """Complete the application's document; it is made when it is first asked for."""
    made = app.openapi
    finished: list[tuple[object, dict[str, JsonValue]]] = []

    def complete() -> dict[str, JsonValue]:
        document = made()
        if not finished or finished[0][0] is not document:  # FastAPI makes a new one when routes are added
            finished[:] = [(document, _complete(document, use_case))]
        return finished[0][1]

    app.openapi = complete  # type: ignore[method-assign]  # the documented way


def _complete(made: Mapping[str, JsonValue], use_case: UseCase) -> dict[str, JsonValue]:
    document = cast(dict[str, JsonValue], _with_inputs(dict(made)))
    schemas = _object(_object(document["components"])["schemas"])
    schemas |= input_schema.components(use_case.input_type)
    schemas |= _schema_of(Problem) | _schema_of(InferenceRequest)
    enumerations.name_all(document)
    given = input_schema.example(use_case), input_schema.label_example(use_case)
    _for_each_operation(document, examples.adder(*given))
    return document


def _with_inputs(value: JsonValue) -> JsonValue:
    """A copy in which the places of inputs refer to the input object."""
    match value:
        case dict() if INPUT_STANDS_HERE in value:
            return {"$ref": input_schema.REFERENCE}
        case dict():
            return {key: _with_inputs(inner) for key, inner in value.items()}
        case list():
            return [_with_inputs(inner) for inner in value]
    return value


def _schema_of(model: type[BaseModel]) -> dict[str, JsonValue]:
    made = model.model_json_schema(ref_template="#/components/schemas/{model}")
    inner: dict[str, JsonValue] = made.pop("$defs", {})
    return {model.__name__: made} | inner


def _for_each_operation(
    document: Mapping[str, JsonValue], change: Callable[[dict[str, JsonValue]], None]
) -> None:
    for path in _object(document["paths"]).values():
        for operation in _object(path).values():
            change(_object(operation))


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return cast(dict[str, JsonValue], value)
