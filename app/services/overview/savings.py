"""What the cache saved, by the prices that were in force: in decimals, each currency by itself."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from app.db.ledger.now import Versions
from app.db.ledger.reading import Used
from app.db.tables import PriceRow
from app.schemas.overview.overview import Money, Savings, Unpriced

Reason: TypeAlias = Literal["no price", "no calls seen"]
HOUR = Decimal(3600)
FINEST = Decimal("0.000001")
"""To which sums are rounded in the end."""


class InForce(NamedTuple):
    """A price at a moment."""

    per: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Prices:
    """All that there are, in the order in which they come into force."""

    rows: Sequence[PriceRow]
    since: datetime

    @property
    def moments(self) -> list[datetime]:
        """When prices change after ``since``: between two of them none does."""
        return sorted({row.valid_from for row in self.rows if row.valid_from > self.since})

    def at(self, version: Versions, period: int) -> InForce | None:
        """The version's own price in the period before so many moments, or the model's; None: it has none."""
        moment = self.moments[period - 1] if period else self.since
        begun = [row for row in self.rows if row.valid_from <= moment and row.model_id == version.model_id]
        own = [row for row in begun if row.model_version_id == version.version_id]
        of_all = [row for row in begun if row.model_version_id is None]
        return _last(own) or _last(of_all)


def _last(rows: Sequence[PriceRow]) -> InForce | None:
    if not rows or rows[-1].amount is None or rows[-1].per is None or rows[-1].currency is None:
        return None
    return InForce(rows[-1].per, rows[-1].amount, rows[-1].currency)


class Reckoning:
    """Sums up what was used, period by period. ``usual``: what a version did else, where a period has no
    calls."""

    def __init__(self, prices: Prices, versions: Mapping[int, Versions], usual: Mapping[int, Used]) -> None:
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
    return [Money(currency=name, amount=sums[name].quantize(FINEST)) for name in sorted(sums)]


def without_calls(all_used: Iterable[Used]) -> list[int]:
    """Versions of which something was answered in a period that has no calls."""
    return sorted({one.version_id for one in all_used if one.answers and not one.calls})
