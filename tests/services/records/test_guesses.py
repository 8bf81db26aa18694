"""Times and numbers whose meaning would be a guess are refused, wherever they stand."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from time import tzset
from typing import Annotated, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, JsonValue, NaiveDatetime

from app.core import strict_json
from app.core.errors import InvalidInput
from app.services.records import filters
from app.services.records.labels import normalise_label
from app.services.records.records import normalise
from tests.support.use_case import changed

TIME = "must be a time such as 2024-02-29T15:30:00Z; what a number stands for would be a guess"
DAY = TIME.replace("time such as 2024-02-29T15:30:00Z", "day such as 2024-02-29")
CLOCK = TIME.replace("time such as 2024-02-29T15:30:00Z", "time of day such as 15:30:00")
DIGITS = "must be a number of the digits 0 to 9, with nothing between them"
NO_NUMBER = "must be a number; true and false are none"


def _seconds(given: object) -> object:
    """A field may well take a number for a time, if its type says what the number means."""
    return datetime.fromtimestamp(given, UTC) if isinstance(given, int) else given


class Grade(IntEnum):
    GOOD = 1


class Mixed(Enum):
    ONE = 1
    OTHER = "other"


class Stop(BaseModel):
    at: datetime


class Trip(BaseModel):
    at: datetime | None = None
    sent: AwareDatetime | None = None
    local: NaiveDatetime | None = None
    day: date | None = None
    clock: time | None = None
    stops: list[Stop] = []
    days: dict[str, date] = {}
    default: datetime | None = None
    seconds: Annotated[datetime | None, BeforeValidator(_seconds)] = None
    number: int | None = None
    length: Annotated[float, Field(ge=0)] | None = None
    price: Decimal | None = None
    level: Literal[0, 1] | None = None
    grade: Grade | None = None
    mixed: Mixed | None = None
    lasts: timedelta | None = None
    flag: bool | None = None
    any_of: int | str | bool | None = None


@pytest.mark.parametrize(
    ("field", "raw", "said"),
    [
        ("at", "20231105", TIME),
        ("at", "202402291530", TIME),
        ("at", "-5.5", TIME),
        ("at", 1_700_000_000, TIME),
        ("at", 1.5, TIME),
        ("sent", "20231105", TIME),
        ("local", 5, TIME),
        ("day", "0", DAY),
        ("day", 86_400, DAY),
        ("clock", 1530, CLOCK),
        ("clock", "1530", CLOCK),
        ("default", 5, TIME),
        ("number", "1_234", DIGITS),
        ("number", True, NO_NUMBER),
        ("length", "1_0.5", DIGITS),
        ("length", True, NO_NUMBER),
        ("price", "1_234", DIGITS),
        ("price", "١٢", DIGITS),
        ("level", True, NO_NUMBER),
        ("grade", True, NO_NUMBER),
        ("mixed", True, NO_NUMBER),
        ("lasts", True, NO_NUMBER),
    ],
)
def test_a_guess_is_refused(field: str, raw: JsonValue, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(Trip, {field: raw})
    assert [(fault.field, fault.message) for fault in refused.value.errors] == [(field, said)]
    [wanted] = filters.faults(changed(InputObject=Trip), {field: raw}, None)
    assert wanted.message == said


def test_a_guess_inside_is_refused_too() -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(Trip, {"stops": [{"at": "2024-01-01T00:00:00Z"}, {"at": 5}], "days": {"first": "0"}})
    faults = [(fault.field, fault.message) for fault in refused.value.errors]
    assert faults == [("stops[1].at", TIME), ("days.first", DAY)]


@pytest.mark.parametrize(
    ("field", "raw", "stored"),
    [
        ("at", "2024-02-29", "2024-02-29T00:00:00Z"),
        ("at", "2024-02-29T15:30:00", "2024-02-29T15:30:00Z"),
        ("at", "2024-02-29T15:30:00+01:00", "2024-02-29T15:30:00+01:00"),
        ("local", "2024-02-29T15:30:00", "2024-02-29T15:30:00"),
        ("seconds", 5, "1970-01-01T00:00:05Z"),
        ("at", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("at", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("number", "1234", 1234),
        ("number", 12.0, 12),
        ("price", 0.1, "0.1"),
        ("level", 1, 1),
        ("grade", 1, 1),
        ("lasts", 90, "PT1M30S"),
        ("flag", "true", True),
        ("any_of", "1_0", "1_0"),
        ("any_of", True, True),
        ("any_of", 3, 3),
    ],
)
def test_what_is_no_guess_is_stored(field: str, raw: JsonValue, stored: JsonValue) -> None:
    assert normalise(Trip, {field: raw}).payload[field] == stored


def test_a_decimal_keeps_every_digit() -> None:
    written = '{"price": 98765432109876543.21, "length": 98765432109876543.21, "number": 98765432109876543.0}'
    payload = normalise(Trip, strict_json.parse(written)).payload
    assert payload["price"] == "98765432109876543.21"
    assert (payload["length"], payload["number"]) == (98765432109876540, 98765432109876543)
    assert float(98765432109876540) == 98765432109876543.21
    use_case = changed(Label=Decimal)
    label = normalise_label(use_case, strict_json.parse("98765432109876543.21"), path="value")
    assert label == "98765432109876543.21"


@pytest.mark.parametrize(
    ("kind", "raw"), [(float, True), (float, "1_234"), (int, True), (datetime, 5), (Literal[0, 1], True)]
)
def test_a_label_is_no_guess_either(kind: type[object], raw: JsonValue) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise_label(changed(Label=kind), raw, path="value")
    assert [fault.field for fault in refused.value.errors] == ["value"]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server in another time zone."""
    with monkeypatch.context() as changed_environment:
        changed_environment.setenv("TZ", "America/New_York")
        tzset()
        yield
    tzset()


@pytest.mark.usefixtures("elsewhere")
def test_a_moment_without_an_offset_is_one_of_utc_when_it_is_read() -> None:
    """Also that of a record which was stored before."""
    read = changed(InputObject=Trip).parse({"at": "2024-02-29T15:30:00"})
    assert isinstance(read, Trip)
    assert read.at is not None
    assert read.at.timestamp() == datetime(2024, 2, 29, 15, 30, tzinfo=UTC).timestamp()
