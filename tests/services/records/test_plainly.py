"""What is taken without a look is what the careful way makes of it: of values, and of lines of a file."""

import json
from datetime import date
from enum import Enum
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    TypeAdapter,
    computed_field,
    field_validator,
)

from app.core.errors import InvalidInput
from app.schemas.values.plain import adapter_of, plain_json
from app.schemas.values.plain_columns import plain_columns
from app.services.records import records

MANY = settings(max_examples=200, deadline=None)


class Colour(Enum):
    RED = "red"


class Inner(BaseModel):
    depth: float = 0.5


class Everything(BaseModel):
    number: Annotated[float, Field(ge=-1e300)] = 1.0
    count: int | None = None
    text: Annotated[str, Field(max_length=30)] = "a"
    flag: bool = False
    at: AwareDatetime | None = None
    day: date | None = None
    kind: Literal["x", "y"] = "x"
    colour: Colour | None = None
    list_of: list[float] | None = None
    inner: Inner | None = None
    renamed: str = Field(default="r", alias="Re named")


NUMBERS = (
    st.floats() | st.integers() | st.sampled_from([0.0, -0.0, 1e-4, 9.9e-5, 1e15, 1e16, 10**15, 2.5e-7, 1e22])
)
TIMES = st.sampled_from(
    [
        *("2024-02-29", "20240229", "2023-02-29", "0001-01-01", "2024-02-29T23:59:59Z"),
        *("2024-02-29T23:59:60Z", "2024-02-29T10:00:00.1234567Z", "2024-02-29T10:00:00+15:59"),
        *("2024-02-29T10:00:00", "2024-02-29T10:00+01:00"),
    ]
)
TEXTS = (
    st.text(max_size=6)
    | TIMES
    | st.sampled_from(["x", "red", "true", "1_0", " 1", "-0", "1e5", "0.00001", "nan"])
)
LEAVES = NUMBERS | TEXTS | NUMBERS.map(str) | st.booleans() | st.none()
VALUES = LEAVES | st.lists(NUMBERS, max_size=3) | st.fixed_dictionaries({}, optional={"depth": LEAVES})
NAMES = [field.alias or name for name, field in Everything.model_fields.items()]


def carefully(value: JsonValue) -> bytes | None:
    try:
        return records.look_at(Everything, value).text
    except InvalidInput:
        return None


@MANY
@given(st.dictionaries(st.sampled_from([*NAMES, "other"]), VALUES, max_size=4))
def test_a_value_of_json(value: dict[str, JsonValue]) -> None:
    plain = plain_json(adapter_of(Everything))
    assert plain is not None
    [text] = plain.texts([value])
    assert text in (None, carefully(value))


CELLS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, TEXTS.filter(bool) | NUMBERS.map(str)))


@MANY
@given(st.lists(CELLS, min_size=1, max_size=4))
def test_rows_of_cells(rows: list[dict[str, str]]) -> None:
    for text, row in zip(of_rows(rows), rows, strict=True):
        assert text in (None, carefully(dict(row)))


def of_rows(rows: list[dict[str, str]]) -> list[bytes | None]:
    """As a table has them: what some lack is an empty cell."""
    plain = plain_columns(Everything)
    assert plain is not None
    names = {name for row in rows for name in row}
    return plain.texts({name: [row.get(name, "") for row in rows] for name in names}, len(rows))


COMMON: dict[str, JsonValue] = {
    **{"number": 0.25, "count": 3, "text": 'é"\\', "flag": True, "at": "2024-02-29T10:00:00.5+02:00"},
    **{"day": "2024-02-29", "kind": "y", "colour": "red", "Re named": "s"},
}


def test_what_is_common_is_taken() -> None:
    """Else all of it would only be slow."""
    nested = COMMON | {"list_of": [1, 0.0, -2.5], "inner": {"depth": 3}}
    of_json = plain_json(adapter_of(Everything))
    assert of_json is not None
    assert of_json.texts([nested]) == [carefully(nested)]
    cells = {name: value if isinstance(value, str) else json.dumps(value) for name, value in COMMON.items()}
    rows: list[dict[str, str]] = [cells, {}, cells | {"text": "a,b", "Re named": '","'}]
    right = [carefully(dict(row)) for row in rows]
    assert of_rows(rows) == right
    assert None not in (carefully(nested), *right)


class Checked(BaseModel):
    number: float

    @field_validator("number")
    @classmethod
    def _is_doubled(cls, number: float) -> float:
        return number * 2


class Written(BaseModel):
    number: Annotated[float, PlainSerializer(lambda number: number * 2)]


class Looked(BaseModel):
    number: Annotated[float, BeforeValidator(lambda number: number)]


class Computed(BaseModel):
    number: float

    @computed_field
    def double(self) -> float:
        return self.number * 2


class Dumped(BaseModel):
    number: float

    def model_dump(self, **_: object) -> dict[str, object]:
        return {}


class Stripped(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    number: float


class Afterwards(BaseModel):
    number: float

    def model_post_init(self, _: object) -> None:
        self.number *= 2


class TwoNames(BaseModel):
    number: float = Field(validation_alias="n", serialization_alias="m")


class MadeDefault(BaseModel):
    numbers: list[float] = Field(default_factory=list)


class OtherDefault(BaseModel):
    number: float = 1


@pytest.mark.parametrize(
    "kind",
    [Checked, Written, Looked, Computed, Dumped, Stripped, Afterwards, TwoNames, MadeDefault, OtherDefault],
)
def test_a_type_of_which_not_all_is_known(kind: type[BaseModel]) -> None:
    assert plain_json(adapter_of(kind)) is None
    assert plain_columns(kind) is None


def test_a_member_is_never_taken_for_the_other() -> None:
    plain = plain_json(TypeAdapter(Literal[1, True, "x"]))
    assert plain is None
