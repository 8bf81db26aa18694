"""What the cache saved, by the prices that were in force."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.db.ledger.now import VersionIds
from app.db.ledger.reading import Used
from app.db.tables import PriceRow
from app.schemas.overview.overview import Savings
from app.services.overview.savings import Prices, Reckoning, without_calls

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
VERSIONS = {
    1: VersionIds(1, 10, "m", "1"),
    2: VersionIds(2, 10, "m", "2"),
    3: VersionIds(3, 30, "other", "1"),
}


def price(
    amount: str | None,
    per: str = "row",
    currency: str = "USD",
    *,
    hours: int = -1,
    version: int | None = None,
) -> PriceRow:
    """Of the first model, from so many hours after the window's beginning."""
    is_one = amount is not None
    return PriceRow(
        model_id=10,
        model_version_id=version,
        per=per if is_one else None,
        amount=Decimal(amount) if amount is not None else None,
        currency=currency if is_one else None,
        valid_from=SINCE + hours * HOUR,
    )


def reckoned(prices: list[PriceRow], *used: Used, usual: dict[int, Used] | None = None) -> Savings:
    reckoning = Reckoning(Prices(prices, SINCE), VERSIONS, usual or {})
    for one in used:
        reckoning.add(one)
    return reckoning.result()


def money(savings: Savings) -> dict[str, str]:
    return {one.currency: str(one.amount.normalize()) for one in savings.would_have_cost}


def test_a_row_costs_what_a_row_costs_and_decimals_stay_exact() -> None:
    found = reckoned([price("0.1")], Used(1, 0, 3, 2, 1, 0.5))
    assert (found.answers, money(found), found.unpriced) == (3, {"USD": "0.3"}, [])
    assert [str(one.amount.normalize()) for one in found.cost] == ["0.2"]


def test_a_call_carries_as_many_rows_as_calls_of_the_period_did() -> None:
    """Four rows a call: eight answers would have been two calls."""
    found = reckoned([price("0.5", "call")], Used(1, 0, 8, 40, 10, 5))
    assert money(found) == {"USD": "1"}
    assert [str(one.amount.normalize()) for one in found.cost] == ["5"]


def test_an_hour_is_what_the_calls_of_so_many_rows_take() -> None:
    """A row takes 36 s of its call: 100 answers would have been one hour."""
    found = reckoned([price("7.25", "hour")], Used(1, 0, 100, 2, 1, 72))
    assert money(found) == {"USD": "7.25"}


def test_the_price_then_in_force_counts_the_versions_own_first() -> None:
    prices = [price("1"), price("5", version=2), price("2", hours=3), price("9", hours=3, version=3)]
    assert Prices(prices, SINCE).moments == [SINCE + 3 * HOUR]
    used = Used(1, 0, 1, 0, 0, 0), Used(1, 1, 1, 0, 0, 0), Used(2, 0, 1, 0, 0, 0), Used(2, 1, 1, 0, 0, 0)
    assert money(reckoned(prices, *used[:2])) == {"USD": "3"}
    assert money(reckoned(prices, *used[2:])) == {"USD": "1E+1"}


def test_of_two_from_the_same_hour_on_the_one_added_last_counts() -> None:
    assert money(reckoned([price("1"), price("2")], Used(1, 0, 1, 0, 0, 0))) == {"USD": "2"}


def test_a_price_that_ended_leaves_the_models_or_none() -> None:
    ended = [price("1"), price("5", version=2), price(None, hours=2, version=2), price(None, hours=4)]
    of_version_2 = [Used(2, period, 1, 0, 0, 0) for period in range(3)]
    found = reckoned(ended, *of_version_2)
    assert money(found) == {"USD": "6"}
    assert [(one.version, one.answers, one.reason) for one in found.unpriced] == [("2", 1, "no price")]


def test_currencies_are_told_apart() -> None:
    prices = [price("1"), price("0.5", currency="EUR", hours=2)]
    assert money(reckoned(prices, Used(1, 0, 4, 0, 0, 0), Used(1, 1, 4, 0, 0, 0))) == {"EUR": "2", "USD": "4"}


def test_a_model_has_no_other_models_price() -> None:
    found = reckoned([price("1")], Used(3, 0, 7, 1, 1, 1))
    assert (money(found), found.cost, found.answers) == ({}, [], 7)
    assert [(one.model, one.answers, one.reason) for one in found.unpriced] == [("other", 7, "no price")]


@pytest.mark.parametrize("per", ["call", "hour"])
def test_where_a_period_has_no_calls_what_the_version_did_else_will_do(per: str) -> None:
    hits = Used(1, 0, 10, 0, 0, 0)
    assert without_calls([hits, Used(2, 0, 1, 3, 1, 1), Used(3, 0, 0, 0, 0, 0)]) == [1]
    [left] = reckoned([price("36", per)], hits).unpriced
    assert (left.answers, left.reason) == (10, "no calls seen")
    found = reckoned([price("36", per)], hits, usual={1: Used(1, 0, 0, 20, 2, 20)})
    assert (money(found), found.unpriced) == ({"USD": "36" if per == "call" else "0.1"}, [])


class Passes(list[PriceRow]):
    """Counts how often all of them are gone through."""

    passes = 0

    def __iter__(self) -> Iterator[PriceRow]:
        self.passes += 1
        return super().__iter__()


def test_many_prices_are_not_gone_through_for_each_version() -> None:
    """Of 5,000 models with a price each the overview took half a minute."""
    rows = Passes(price("1", version=number) for number in range(100))
    prices = Prices(rows, SINCE)
    for number in range(100):
        assert prices.at(VersionIds(number, 10, "m", str(number)), 0) is not None
    assert rows.passes < 5


def test_a_sum_may_have_any_size() -> None:
    found = reckoned([price("1000000000")], Used(1, 0, 4 * 10**18, 0, 0, 0))
    assert money(found) == {"USD": "4E+27"}
