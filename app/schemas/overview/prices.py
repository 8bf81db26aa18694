"""What inferences cost, on the wire."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from app.schemas.ids import Name, RowId
from app.schemas.records.records import Moment
from app.schemas.values.closed import Closed
from app.schemas.values.guesses import Raw, as_decimal, exact_number
from app.schemas.values.wire import Documented, Wire

PriceUnit: TypeAlias = Literal["call", "row", "hour"]
MOST = Decimal(1_000_000_000)
FINEST = 12
"""Digits after the point."""


def _currency(code: str) -> str:
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValueError("must be the three capital letters of a currency in ISO 4217, such as EUR")
    return code


def _full_hour(moment: datetime) -> datetime:
    if (moment.minute, moment.second, moment.microsecond) != (0, 0, 0):
        raise ValueError(
            "must be a full hour, such as 2026-01-01T00:00:00Z: what is old is counted by the hour"
        )
    return moment.astimezone(UTC)


def _as_text(amount: Raw) -> Raw:
    """What a double stands for is what was written: of 0.1 pydantic would take all of its binary digits."""
    exact_number(amount)
    given = as_decimal(amount)
    return str(given) if isinstance(given, float) else given


Amount: TypeAlias = Annotated[
    Decimal, Field(ge=0, le=MOST, decimal_places=FINEST, allow_inf_nan=False), BeforeValidator(_as_text)
]


class NewPrice(Documented, Closed):
    """What inferences cost from an hour on, or with a null `amount` that they have no price from then on."""

    version: Name | None = None
    """Of this version alone; default of all versions that have no price of their own."""
    per: PriceUnit | None = None
    """`call` to the platform, `row` that it predicts, or `hour` that its calls take."""
    amount: Amount | None
    """Best as text, such as "0.00012"."""
    currency: Annotated[str, AfterValidator(_currency)] | None = None
    """ISO 4217."""
    valid_from: Annotated[Moment, AfterValidator(_full_hour)] | None = None
    """A full hour, which may be over; default the one that has begun."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        named = self.per is not None and self.currency is not None
        if self.amount is not None and not named:
            raise ValueError("a price needs `per` and `currency`")
        if self.amount is None and (self.per is not None or self.currency is not None):
            raise ValueError("no price (a null `amount`) has neither `per` nor `currency`")
        return self


class Price(Documented):
    """A price as it stands. Of those whose hour has come the one with the latest is in force, and of several
    the last that was added."""

    id: RowId
    model: str
    version: str | None
    """Null: of all versions that have no price of their own."""
    per: PriceUnit | None
    amount: Decimal | None
    """As text, exactly; null where a price ends."""
    currency: str | None
    valid_from: datetime
    created_at: datetime


class PricePage(Wire):
    """Prices of a model and its versions, the last that were added first; `next_cursor` is null on the last
    page."""

    items: list[Price]
    next_cursor: str | None
