"""What can only be told of a value: it is read back as it was given, or refused with the field named."""

import math
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

import numpy as np
import pytest
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    JsonValue,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    SerializeAsAny,
    computed_field,
    field_serializer,
    model_serializer,
)

from app.core.errors import InvalidInput
from app.services.records.labels import normalise_label
from app.services.records.records import normalise
from tests.support.use_case import changed

OTHER = "is another value when it is read back: the type of this field must read what it stores"


class Lossy(BaseModel):
    price: Annotated[Decimal, PlainSerializer(float)] = Decimal(1)
    cents: Annotated[int, BeforeValidator(lambda euros: euros * 100)] = 0
    at: datetime | None = None

    @field_serializer("at")
    def _day(self, at: datetime | None) -> str | None:
        return at.strftime("%Y-%m-%d") if at else None


class Renamed(BaseModel):
    name: str

    @model_serializer
    def _as_another(self) -> dict[str, str]:
        return {"title": self.name}


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]


class Kept(BaseModel):
    pet: Annotated[Cat | Dog, Discriminator("kind")] | None = None
    anything: SerializeAsAny[BaseModel] | None = None
    ratio: float = -0.0
    _made: list[int] = PrivateAttr(default_factory=list)

    @computed_field
    def doubled(self) -> float:
        return 2 * self.ratio


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ({"price": "98765432109876543.21"}, ["price"]),
        ({"cents": 3}, ["cents"]),
        ({"at": "2024-01-01T12:00:00Z"}, ["at"]),
        ({"at": "2024-01-01T12:00:00Z", "cents": 3}, ["cents", "at"]),
    ],
)
def test_a_value_that_becomes_another_is_refused(raw: JsonValue, fields: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(Lossy, raw, path="items[3].input")
    faults = [(fault.field, fault.message) for fault in refused.value.errors]
    assert faults == [(f"items[3].input.{name}", OTHER) for name in fields]


def test_one_that_would_not_be_read_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(Renamed, {"name": "x"})
    assert [(fault.field, fault.message) for fault in refused.value.errors] == [("name", "Field required")]


@pytest.mark.parametrize("raw", [{"price": "1.50"}, {"cents": 0}, {"at": "2024-01-01T00:00:00Z"}])
def test_values_that_the_same_types_keep_are_stored(raw: dict[str, JsonValue]) -> None:
    assert normalise(Lossy, raw).payload.keys() == {"price", "cents", "at"}


@pytest.mark.parametrize("pet", [{"kind": "cat"}, {"kind": "cat", "lives": 3}, {"kind": "dog"}, None])
def test_unions_computed_fields_and_private_attributes_stand_in_no_way(pet: JsonValue) -> None:
    payload = normalise(Kept, {"pet": pet}).payload
    assert normalise(Kept, payload).payload == payload


def test_a_label_is_read_back_too() -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise_label(changed(Label=Annotated[int, BeforeValidator(lambda one: one + 1)]), 1, path="value")
    assert [fault.field for fault in refused.value.errors] == ["value"]


class Pair:
    """Of a class that compares nothing."""

    def __init__(self, left: int, right: int) -> None:
        self.left, self.right = left, right


def _pair(given: object) -> Pair:
    return Pair(*given) if isinstance(given, list) else Pair(0, 0)


Array: TypeAlias = Annotated[
    np.ndarray, PlainValidator(np.asarray), PlainSerializer(lambda one: one.tolist())
]
Share: TypeAlias = Annotated[
    float,
    BeforeValidator(lambda given: math.nan if given == "none" else given),
    PlainSerializer(lambda one: "none" if math.isnan(one) else one),
]


class Inner(BaseModel):
    share: Share


class Unequal(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    share: Share = 0
    shares: list[Share] = []
    inner: Inner | None = None
    array: Array = np.zeros(2)
    swapped: Annotated[Pair, PlainValidator(_pair), PlainSerializer(lambda one: [one.right, one.left])] = (
        Pair(0, 0)
    )
    kept: Annotated[Pair, PlainValidator(_pair), PlainSerializer(lambda one: [one.left, one.right])] = Pair(
        0, 0
    )


@pytest.mark.parametrize(
    "raw",
    [
        {"share": "none", "shares": [1, "none"], "inner": {"share": "none"}},
        *({"array": one} for one in ([1, 2], [[1, 2], [3, 4]], [], ["a", "b"])),
        {"kept": [1, 2]},
    ],
)
def test_a_value_that_is_not_equal_to_itself_is_read_back(raw: dict[str, JsonValue]) -> None:
    payload = normalise(Unequal, raw).payload
    assert {name: payload[name] for name in raw} == raw


def test_what_cannot_be_compared_is_told_by_what_is_stored() -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(Unequal, {"swapped": [1, 2]})
    assert [fault.field for fault in refused.value.errors] == ["swapped"]
