"""No value is taken for another one: keys that fall together, digits that a double loses, true for 1."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Literal

import pytest
from pydantic import BaseModel, JsonValue
from pydantic import Json as JsonText

from app.core import strict_json
from app.core.errors import InvalidInput
from app.services.records.records import normalise

KEYS = "must not have two keys that are the same one when they are read, as 1 and 01"
WHOLE = "must be a whole number, not 1.0000000000000000000001"
NO_NUMBER = "must be a number; true and false are none"
NO_TRUTH = "must be true or false; a number is neither"
PRICE = "98765432109876543.21"


class Share(Enum):
    WHOLE = 1.0
    NONE = "none"


class Level(Enum):
    ONE = 1


class Held(BaseModel):
    by_number: dict[int, int] = {}
    by_time: dict[str, dict[datetime, int]] = {}
    by_share: dict[float, int] = {}
    tally: Counter[int] = Counter()
    number: int | None = None
    flag: bool | None = None
    share: Share | None = None
    level: Level | None = None
    mixed: Literal[1, "a", False] | None = None
    both: Literal[True, 1] | None = None
    text: JsonText[dict[str, Decimal]] | None = None
    amount: Decimal | float | None = None
    wait: timedelta | int | str | None = None
    seen: Literal[1, 2] | dict[int, int] | Literal["x"] | None = None


@pytest.mark.parametrize(
    ("written", "field", "said"),
    [
        ('{"by_number": {"1": 1, "01": 2}}', "by_number", KEYS),
        ('{"by_number": {"1": 1, "1.0": 2}}', "by_number", KEYS),
        (
            '{"by_time": {"a": {"2024-01-01T00:00:00Z": 1, "2024-01-01T00:00:00+00:00": 2}}}',
            *("by_time.a", KEYS),
        ),
        ('{"tally": {"1": 1, "01": 2}}', "tally", KEYS),
        ('{"number": 1.0000000000000000000001}', "number", WHOLE),
        ('{"flag": 1.0000000000000000000001}', "flag", WHOLE),
        ('{"level": 1.0000000000000000000001}', "level", WHOLE),
        ('{"share": true}', "share", NO_NUMBER),
        ('{"mixed": true}', "mixed", NO_NUMBER),
        ('{"mixed": 0}', "mixed", NO_TRUTH),
        (r'{"text": "{\"a\": 1, \"a\": 2}"}', "text", "The JSON has the member 'a' more than once."),
        (r'{"text": "{"}', "text", "This is not valid JSON: Expecting property name enclosed in"),
        ('{"text": 5}', "text", "must be a text that holds JSON"),
    ],
)
def test_another_is_refused(written: str, field: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(Held, strict_json.parse(written))
    [fault] = refused.value.errors
    assert (fault.field, fault.message[: len(said)]) == (field, said)


def test_a_key_beyond_a_double_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(Held, {"by_share": {"1e400": 1}})
    [fault] = refused.value.errors
    assert fault.message == "must be a number that a double holds, up to 1.7e308"


def test_the_choices_of_a_type_are_told_apart_by_what_they_are() -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(Held, {"seen": True, "wait": [1]})
    fields = [fault.field for fault in refused.value.errors]
    assert fields == ["wait.timedelta", "wait.int", "wait.str", "seen.literal", "seen.dict", "seen.literal"]


@pytest.mark.parametrize(
    ("field", "written", "stored"),
    [
        ("by_number", '{"1": 1, "2": 2}', {"1": 1, "2": 2}),
        ("share", "1", 1.0),
        ("mixed", "1", 1),
        ("mixed", "false", False),
        ("both", "1", 1),
        ("both", "true", True),
        ("text", rf'"{{\"a\": {PRICE}}}"', f'{{"a":"{PRICE}"}}'),
        ("amount", PRICE, PRICE),
        ("amount", "0.5", 0.5),
        ("wait", "5", 5),
        ("wait", '"5"', "5"),
    ],
)
def test_what_is_none_other_is_stored(field: str, written: str, stored: JsonValue) -> None:
    payload = normalise(Held, strict_json.parse(f'{{"{field}": {written}}}')).payload
    assert strict_json.canonical(payload[field]) == strict_json.canonical(stored)
