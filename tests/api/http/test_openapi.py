"""The input object in the OpenAPI document, whatever its class is like."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from app.api.http.example_values import NOON
from app.core.errors import InvalidInput
from app.main import create_app
from app.services.records.records import normalise
from tests.support.documents import (
    SCHEMAS,
    Object,
    at,
    content,
    document_of,
    names_in,
    operations,
    references,
    schemas,
)
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT, changed

SETTINGS = IsolatedSettings(database_url=SecretStr("postgresql://nobody@localhost/nothing"))


class Problem(BaseModel):
    """Has the name of a schema of ours."""

    colour: Literal["red", "green"]


@dataclass
class Wheel:
    size: float


class Place(TypedDict):
    street: str
    number: Annotated[int, Field(gt=0, lt=9)]


class Kind(Enum):
    CAR = "car"


class Nested(BaseModel):
    problem: Problem
    wheels: Annotated[list[Wheel], Field(min_length=2)]
    place: Place
    kind: Kind | None
    inner: dict[str, Problem] = {}


class Tree(BaseModel):
    name: str
    children: list["Tree"]
    parent: "Tree | None" = None


class Aliased(BaseModel):
    model_config = ConfigDict(extra="allow")

    size: float = Field(alias="size-in-m", ge=2.5)
    names: set[str] = Field(alias="Names", max_length=3)


class Bounded(BaseModel):
    model_config = ConfigDict(extra="ignore")

    above: Annotated[float, Field(gt=3)]
    under: Annotated[int, Field(le=-3)]
    between: Annotated[float, Field(gt=0, lt=1)]
    step: Annotated[int, Field(multiple_of=7, ge=10)]
    code: Annotated[str, Field(min_length=6, max_length=6)]
    short: Annotated[str, Field(max_length=2)]
    exact: Decimal
    day: date
    hour: time
    lasts: timedelta
    moment: AwareDatetime
    key: UUID
    pair: tuple[int, str]
    anything: JsonValue
    given: str = Field(examples=["as written"])
    flag: bool = False


def schemas_of(input_type: type[BaseModel]) -> tuple[dict[str, Object], Object]:
    """The schemas of the document, and the example of PUT /records/{id}."""
    document = document_of(create_app(SETTINGS, changed(InputObject=input_type)))
    found = dict(schemas(document))
    assert {one.removeprefix(SCHEMAS) for one in references(document)} <= found.keys()
    put = next(one for one in operations(document) if one.name == "putRecord")
    body = content(put.text["requestBody"])
    assert body["schema"] == {"$ref": SCHEMAS + "InputObject"}
    return found, body


@pytest.mark.parametrize("input_type", [Nested, Tree, Aliased, Bounded, TRANSIT.input_type])
def test_its_example_is_one(input_type: type[BaseModel]) -> None:
    _, body = schemas_of(input_type)
    assert normalise(input_type, body["example"]).payload


def test_models_inside_are_components_and_overwrite_none_of_ours() -> None:
    found, _ = schemas_of(Nested)
    ours, _ = schemas_of(TRANSIT.input_type)
    inner = {"InputObject.Problem", "InputObject.Wheel", "InputObject.Place", "InputObject.Kind"}
    assert found.keys() - ours.keys() == inner
    assert found["Problem"] == ours["Problem"]
    assert at(found["InputObject"], "properties", "problem") == {"$ref": f"{SCHEMAS}InputObject.Problem"}


def test_a_model_inside_itself() -> None:
    found, body = schemas_of(Tree)
    assert found["InputObject"] == {"$ref": SCHEMAS + "InputObject.Tree"}
    assert at(found["InputObject.Tree"], "properties", "children", "items") == found["InputObject"]
    assert body["example"] == {"name": "text", "children": [], "parent": None}


def test_names_are_those_of_the_wire() -> None:
    found, body = schemas_of(Aliased)
    assert names_in(at(found["InputObject"], "properties")) == {"size-in-m", "Names"}
    assert body["example"] == {"size-in-m": 3.5, "Names": ["text"]}


@pytest.mark.parametrize("input_type", [Nested, Aliased, Bounded, TRANSIT.input_type])
def test_unknown_fields_are_refused_as_the_schema_says(input_type: type[BaseModel]) -> None:
    found, body = schemas_of(input_type)
    own = [schema for name, schema in found.items() if name.startswith("InputObject")]
    assert {one["additionalProperties"] for one in own if one.get("type") == "object"} == {False}
    given = body["example"]
    assert isinstance(given, dict)
    with pytest.raises(InvalidInput):
        normalise(input_type, given | {"oops": 1})
    for name, inner in given.items():
        if isinstance(inner, dict) and name in ("problem", "place"):
            with pytest.raises(InvalidInput):
                normalise(input_type, given | {name: inner | {"oops": 1}})


class Picky(BaseModel):
    code: Annotated[str, Field(pattern=r"^[A-Z]{3}-\d+$")]


class Endless(BaseModel):
    next: "Endless"


class Failing(BaseModel):
    size: float

    @field_validator("size")
    @classmethod
    def _looked_up(cls, size: float) -> float:
        return {1.5: size}[size]


class Untold(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    call: Callable[[int], int]

    @model_validator(mode="before")
    @classmethod
    def _made(cls, _: object) -> object:
        return {"call": abs}


@pytest.mark.parametrize("input_type", [Picky, Endless, Failing, Untold])
def test_where_no_example_can_be_made_there_is_none(input_type: type[BaseModel]) -> None:
    found, body = schemas_of(input_type)
    assert "InputObject" in found
    assert "example" not in body


@pytest.mark.parametrize(
    ("label_type", "expected"),
    [
        (Literal["stayed", "left"], "stayed"),
        (Kind, "car"),
        (bool, True),
        (Annotated[int, Field(ge=100)], 101),
        (Annotated[str, Field(pattern="^x$")], None),
        (Callable[[], int], None),
    ],
)
def test_the_label_of_examples_is_of_its_type(label_type: object, expected: JsonValue) -> None:
    document = document_of(create_app(SETTINGS, changed(Label=label_type)))
    put = next(one for one in operations(document) if one.name == "putLabel")
    example = content(put.text["requestBody"]).get("example")
    assert example == (None if expected is None else {"value": expected, "observed_at": NOON})


class Boundless(BaseModel):
    """Defaults and bounds that JSON has no numbers for."""

    most: float = float("inf")
    none: list[float] = [float("nan"), 1.0]
    size: Annotated[int, Field(le=10**400)] = 1


def test_numbers_that_json_lacks_are_left_out() -> None:
    found, _ = schemas_of(Boundless)
    json.dumps(found, allow_nan=False)
    assert at(found["InputObject"], "properties", "most") == {"title": "Most", "type": "number"}
    assert at(found["InputObject"], "properties", "none", "items") == {"type": "number"}
    size = {"title": "Size", "type": "integer", "default": 1}
    assert at(found["InputObject"], "properties", "size") == size


def test_the_document_is_made_once_and_anew_for_a_new_route() -> None:
    app = create_app(SETTINGS, TRANSIT)
    first = app.openapi()
    assert app.openapi() is first

    async def added() -> None:
        """Nothing."""

    app.add_api_route("/added", added, operation_id="addIt")
    assert "/added" in str(app.openapi()["paths"].keys())
