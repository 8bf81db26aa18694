"""A duration has one meaning: ISO 8601 without months, or a number of seconds."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue, TypeAdapter

from app.core import strict_json
from app.core.errors import InvalidInput
from app.schemas.values.careful import careful_of
from app.schemas.values.durations import FINER, LONGER, WRONG
from app.services.records.records import normalise

DUMPED = TypeAdapter(timedelta)


class Trip(BaseModel):
    lasts: timedelta


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        *(
            (text, WRONG)
            for text in ("P1M", "P1Y2M", "10:00", "1 days, 10:00", "1 day", "soon", "", "P", "PT")
        ),
        *((text, WRONG) for text in ("P1DT", "PT1H1H", "PT1S1M", "PT1.S", "1e2", "nan", "1_0", "٩", "PT٩S")),
        *((raw, FINER) for raw in (0.1234567, 1e-9, "0.1234567")),
        ("PT0.1234567S", WRONG),
        *((raw, LONGER) for raw in (1e15, 1e300, -(10**40), "9" * 50)),
    ],
)
def test_another_is_refused_with_its_field(raw: JsonValue, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(Trip, {"lasts": raw})
    assert [(fault.field, fault.message) for fault in refused.value.errors] == [("lasts", said)]


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        *(
            ("PT90S", "PT1M30S"),
            ("P1W2D", "P9D"),
            ("PT1.5H", "PT1H30M"),
            ("-PT1S", "-PT1S"),
            ("PT1M", "PT1M"),
        ),
        *(
            (90, "PT1M30S"),
            (90.5, "PT1M30.5S"),
            ("90", "PT1M30S"),
            ("-5.500000", "-PT5.5S"),
            ("0.1", "PT0.1S"),
        ),
    ],
)
def test_what_has_one_meaning_is_stored(raw: JsonValue, stored: str) -> None:
    assert normalise(Trip, {"lasts": raw}).payload == {"lasts": stored}


def test_a_number_of_too_many_digits_is_refused_too() -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(Trip, strict_json.parse('{"lasts": 90.00000000000000000001}'))
    assert [fault.message for fault in refused.value.errors] == [FINER]


@given(st.timedeltas())
def test_each_that_is_stored_is_read(lasts: timedelta) -> None:
    stored = DUMPED.dump_python(lasts, mode="json")
    assert careful_of(Trip).validate_python({"lasts": stored}) == Trip(lasts=lasts)


@given(st.integers(0, 10**7), st.sampled_from("WDHM"))
def test_a_fraction_of_a_unit_is_exact(millionths: int, unit: str) -> None:
    text = f"{'P' if unit in 'WD' else 'PT'}{millionths // 10**6}.{millionths % 10**6:06}{unit}"
    seconds = {"W": 604_800, "D": 86_400, "H": 3600, "M": 60}[unit]
    read = careful_of(Trip).validate_python({"lasts": text})
    assert read == Trip(lasts=timedelta(microseconds=millionths * seconds))
