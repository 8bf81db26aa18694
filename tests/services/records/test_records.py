"""The one stored form of an input."""

from decimal import Decimal
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, JsonValue, computed_field, model_validator

from app.core.errors import InvalidInput
from app.services.records.records import normalise
from tests.support.orders import order
from tests.support.use_case import TRANSIT


class Part(BaseModel):
    weight: float = 0


class Order(BaseModel):
    price: Decimal = Decimal(1)
    number: int = 0
    length: float = 0
    parts: list[Part] = []
    carrier_name: Annotated[str, Field(alias="carrierName")] = ""
    anything: JsonValue = None

    @computed_field
    def doubled(self) -> int:
        return 2 * self.number

    @model_validator(mode="after")
    def _not_thirteen(self) -> "Order":
        if self.number == 13:
            raise ValueError("must not be 13")
        return self


def stored(**fields: JsonValue) -> dict[str, JsonValue]:
    return normalise(Order, dict(fields)).payload


def test_each_type_has_one_form() -> None:
    assert stored(price="0.10")["price"] == "0.10"
    assert stored(number=2**64 + 1)["number"] == 2**64 + 1
    assert str(stored(length=-0.0, parts=[{"weight": -0.0}])) == str(stored(length=0, parts=[{"weight": 0}]))
    assert normalise(Order, {"length": 1}) == normalise(Order, {"length": 1.0})
    assert normalise(Order, {"anything": 1}) != normalise(Order, {"anything": 1.0})


def test_what_is_stored_is_accepted_again() -> None:
    given = normalise(Order, {"carrierName": "UA", "number": 4, "price": "1E+3"})
    assert "doubled" not in given.payload
    assert normalise(Order, given.payload) == given


def test_key_order_and_defaults_do_not_change_the_version() -> None:
    reordered = dict(reversed(order(None).items()))
    del reordered["recent_transit_ratio"]
    assert normalise(TRANSIT.input_type, reordered) == normalise(TRANSIT.input_type, order(None))


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"nubmer": 1}, "inputs[2].nubmer"),
        ({"parts": [{}, {"wieght": 1}]}, "inputs[2].parts[1].wieght"),
        ({"parts": [{"weight": "heavy"}]}, "inputs[2].parts[0].weight"),
        ({"number": 13}, "inputs[2]"),
        ([], "inputs[2]"),
    ],
)
def test_a_fault_is_named_with_its_place(raw: JsonValue, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        normalise(Order, raw, path="inputs[2]")
    assert [fault.field for fault in caught.value.errors] == [field]


@pytest.mark.parametrize(
    "fields",
    [{"length": "nan"}, {"length": "inf"}, {"price": "NaN"}, {"number": 10**400}, {"length": 10**400}],
)
def test_numbers_that_only_validation_brings_forth_are_refused_too(fields: dict[str, JsonValue]) -> None:
    with pytest.raises(InvalidInput) as caught:
        normalise(Order, fields)
    faults = [fault.field for fault in caught.value.errors]
    assert next(iter(fields)) in (faults or caught.value.detail)
