"""How values are written."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from app.dashboard import filters

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        *((0.0, "0.00"), (0.012345, "0.0123"), (0.5, "0.500"), (0.99951, "1.00"), (1.0, "1.00")),
        *((12.345, "12.3"), (99.96, "100"), (123.4, "123"), (999.6, "1,000"), (12345.6, "12,346")),
        *((-0.0712, "-0.0712"), (-1234.5, "-1,234"), (0.0001234, "1.23e-04"), (3e20, "3e+20")),
        *((7, "7"), (12345, "12,345"), (None, "–"), (NAN, "–"), (float("inf"), "–"), ("text", "text")),
        *((True, "True"), (Decimal("1234.56"), "1,235")),
    ],
)
def test_numbers_have_three_digits_that_mean_something(value: object, written: str) -> None:
    assert filters.number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        *((0.0, "0%"), (1.0, "100%"), (0.9731, "97.3%"), (0.99999, ">99.9%"), (0.0001, "<0.1%")),
        *((None, "–"), (NAN, "–"), (0.0005, "0.1%"), (-0.5, "-50.0%")),
    ],
)
def test_a_share_that_is_not_all_is_not_said_to_be(value: float | None, written: str) -> None:
    assert filters.share(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        *((0.000812, "0.812 ms"), (0.0541, "54.1 ms"), (0.99949, "999 ms"), (0.9996, "1.00 s")),
        *(
            (1.84, "1.84 s"),
            (59.9, "59.9 s"),
            (99.96, "1 min 40 s"),
            (192, "3 min 12 s"),
            (7500, "2 h 5 min"),
        ),
        *((3599.9, "1 h"), (180_000, "2 d 2 h"), (None, "–")),
    ],
)
def test_times_have_the_unit_that_fits(seconds: float | None, written: str) -> None:
    assert filters.millis(seconds) == written


def test_money() -> None:
    assert filters.money(Decimal("1234.5")) == "1,234.50 USD"
    assert filters.money(0.00123, "EUR") == "0.00123 EUR"
    assert (filters.money(0), filters.money(None)) == ("0.00 USD", "–")


def test_a_segment_of_a_path_is_one() -> None:
    assert filters.segment("a/b?c#d %é") == "a%2Fb%3Fc%23d%20%25%C3%A9"


def test_moments_are_utcs() -> None:
    at = datetime(2026, 11, 30, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert (filters.instant(at), filters.utc(at)) == ("2026-11-29T23:30:00.000Z", "2026-11-29 23:30:00 UTC")


def test_a_cell_with_an_interval() -> None:
    assert filters.cell([0.5, 0.4, 0.62]) == "0.500 (0.400 to 0.620)"
    assert (filters.cell(None), filters.cell("no labels")) == ("–", "no labels")
