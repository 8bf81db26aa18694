"""What the cache saved, by the prices that were in force: in decimals, each currency by itself."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Context, Decimal
from typing import Literal, NamedTuple, TypeAlias

from app.db.ledger.now import VersionIds
from app.db.ledger.reading import Used
from app.db.tables import PriceRow
from app.schemas.overview.overview import Money, Savings, Unpriced

Reason: TypeAlias = Literal["no price", "no calls seen"]
HOUR = Decimal(3600)
FINEST = Decimal("0.000001")
"""To which sums are rounded in the end."""
ANY_SIZE = Context(prec=60)
"""For that rounding: of a sum with more than 22 digits before the point Python makes an error by itself."""


class InForce(NamedTuple):
    """A price at a moment."""

    per: str
    amount: Decimal
    currency: str


class Prices:
    """All that there are, given in the order in which they come into force. ``moments``: when any of them
    changes after ``since``; between two of these none does."""

    def __init__(self, rows: Sequence[PriceRow], since: datetime) -> None:
        self.since = since
        self.moments = sorted({row.valid_from for row in rows if row.valid_from > since})
        self._of: defaultdict[tuple[int, int | None], list[PriceRow]] = defaultdict(list)
        for row in rows:
            self._of[row.model_id, row.model_version_id].append(row)

    def at(self, version: VersionIds, period: int) -> InForce | None:
        """The version's own price in the period before so many moments, or the model's; None: it has none."""
        moment = self.moments[period - 1] if period else self.since
        return self._last(version.model_id, version.version_id, moment) or self._last(
            version.model_id, None, moment
        )

    def _last(self, model_id: int, version_id: int | None, moment: datetime) -> InForce | None:
        rows = self._of.get((model_id, version_id), ())
        begun = bisect_right(rows, moment, key=_begin)
        return _in_force(rows[begun - 1]) if begun else None


def _begin(row: PriceRow) -> datetime:
    return row.valid_from


def _in_force(row: PriceRow) -> InForce | None:
    if row.amount is None or row.per is None or row.currency is None:
        return None
    return InForce(row.per, row.amount, row.currency)


class Reckoning:
    """Sums up what was used, period by period. ``usual``: what a version did else, where a period has no
    calls."""

    def __init__(self, prices: Prices, versions: Mapping[int, VersionIds], usual: Mapping[int, Used]) -> None:
        self._prices, self._versions, self._usual = prices, versions, usual
        self._saved: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._cost: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._unpriced: defaultdict[tuple[int, Reason], int] = defaultdict(int)
        self._answers = 0

    def add(self, used: Used) -> None:
        self._answers += used.answers
        price = self._prices.at(self._versions[used.version_id], used.period)
        if price is None:
            self._unpriced[used.version_id, "no price"] += used.answers
            return
        if used.rows:
            self._cost[price.currency] += price.amount * _units(price, used)
        if used.answers:
            self._save(price, used)

    def _save(self, price: InForce, used: Used) -> None:
        seen = used if used.calls else self._usual.get(used.version_id)
        if price.per == "row":
            self._saved[price.currency] += price.amount * used.answers
        elif seen is None or not seen.calls or not seen.rows:
            self._unpriced[used.version_id, "no calls seen"] += used.answers
        else:
            self._saved[price.currency] += price.amount * _units(price, seen) / seen.rows * used.answers

    def result(self) -> Savings:
        unpriced = [
            Unpriced(
                model=self._versions[one].model,
                version=self._versions[one].version,
                answers=answers,
                reason=reason,
            )
            for (one, reason), answers in self._unpriced.items()
            if answers
        ]
        return Savings(
            answers=self._answers,
            would_have_cost=_money(self._saved),
            unpriced=sorted(unpriced, key=lambda one: -one.answers),
            cost=_money(self._cost),
        )


def _units(price: InForce, used: Used) -> Decimal:
    """How many of what has the price the inferences of these rows took."""
    if price.per == "row":
        return Decimal(used.rows)
    return Decimal(used.calls) if price.per == "call" else Decimal(str(used.call_seconds)) / HOUR


def _money(sums: Mapping[str, Decimal]) -> list[Money]:
    return [
        Money(currency=name, amount=sums[name].quantize(FINEST, context=ANY_SIZE)) for name in sorted(sums)
    ]


def without_calls(all_used: Iterable[Used]) -> list[int]:
    """VersionIds of which something was answered in a period that has no calls."""
    return sorted({one.version_id for one in all_used if one.answers and not one.calls})
