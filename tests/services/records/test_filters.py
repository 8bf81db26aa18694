"""Filters of records: the fields and values of InputObject, in the form in which they are stored."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import AwareDatetime, BaseModel, Field, JsonValue

from app.core.errors import InvalidInput
from app.services.records import filters, records
from tests.support.use_case import changed


class Place(BaseModel):
    city: str
    zip_code: str = Field(default="", serialization_alias="zip")


class Parcel(BaseModel):
    weight: float = Field(gt=0)
    price: Decimal = Decimal(0)
    day: date | None = None
    sent_at: AwareDatetime = Field(serialization_alias="sentAt", validation_alias="sentAt")
    target: Place | None = None


PARCELS = changed(InputObject=Parcel, TIME_FIELD="sentAt")
PARCEL: dict[str, JsonValue] = {
    "weight": 1,
    "price": "0.10",
    "day": "2013-01-01",
    "sentAt": "2013-01-01T00:00:00.000+05:30",
    "target": {"city": "Ulm"},
}


@pytest.mark.parametrize("name", list(PARCEL))
def test_a_value_takes_the_form_of_stored_ones(name: str) -> None:
    stored = records.normalise(Parcel, PARCEL).payload
    assert filters.window(PARCELS, {name: PARCEL[name]}).where == {name: stored[name]}


@pytest.mark.parametrize(
    ("where", "time_field", "faults"),
    [
        ({"wight": 1}, None, [("where", "there is no 'wight'; there is day, price, sentAt, target, weight")]),
        ({"price": "x"}, None, [("where.price", "Input should be a valid decimal")]),
        ({"weight": []}, None, [("where.weight", "Input should be a valid number")]),
        ({"weight": 0}, None, [("where.weight", "Input should be greater than 0")]),
        ({"target": {}}, None, [("where.target.city", "Field required")]),
        ({}, "price", [("time_field", "there is no 'price'; there is day, observed_at, sentAt")]),
        ({}, "day", []),
        ({}, "sentAt", []),
        ({}, "observed_at", []),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(
    where: dict[str, JsonValue], time_field: str | None, faults: list[tuple[str, str]]
) -> None:
    assert [(one.field, one.message) for one in filters.faults(PARCELS, where, time_field)] == faults


def test_a_filter_from_before_a_change_of_the_fields_is_refused() -> None:
    with pytest.raises(InvalidInput):
        filters.window(PARCELS, {"carrier": "UA"})


def test_of_many_names_the_first_are_told() -> None:
    assert filters.listed([str(one) for one in range(31)]).endswith("28, 29, ...")
    assert filters.listed([]) == "none"
