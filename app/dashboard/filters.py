"""How values are written on pages: three significant digits, thousands apart, and units."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote

from app.dashboard.json_text import is_nested, written

NOTHING = "–"
"""Where there is no value."""


def number(value: object) -> str:
    """``0.0123``, ``12.3``, ``12,346``; whole numbers are given whole."""
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return NOTHING if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return _float(float(value))


def _float(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        return NOTHING
    power = int(f"{value:.2e}".partition("e")[2])  # once it is rounded to three digits
    if power > 14 or (value and power < -3):
        return f"{value:.3g}" if power > 14 else f"{value:.2e}"
    return f"{value:,.{max(2 - power, 0)}f}"


def count(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}"


def share(value: float | None) -> str:
    """A part of one, as a percentage: ``97.3%``; what is not quite all, or none, is not said to be."""
    if value is None or math.isnan(value):
        return NOTHING
    percent = value * 100
    if 99.95 <= percent < 100:
        return ">99.9%"
    if 0 < percent < 0.05:
        return "<0.1%"
    return f"{percent:.0f}%" if percent in (0, 100) else f"{percent:.1f}%"


def millis(seconds: float | None) -> str:
    """Seconds in the unit that fits: ``0.812 ms``, ``54.1 ms``, ``1.84 s``, ``3 min 12 s``, ``2 h 5 min``."""
    if seconds is None:
        return NOTHING
    if abs(seconds) < 0.9995:
        return f"{_float(seconds * 1000)} ms"
    if seconds < 99.95:
        return f"{_float(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h" if hours % 24 else f"{hours // 24} d"


def money(amount: float | Decimal | None, currency: str = "USD") -> str:
    """``1,234.50 USD``; what is less than one by its first three digits."""
    if amount is None:
        return NOTHING
    value = float(amount)
    written = f"{value:,.2f}" if abs(value) >= 1 or not value else _float(value)
    return f"{written} {currency}"


def segment(text: object) -> str:
    """One segment of a path, whatever is in it."""
    return quote(str(text), safe="")


def instant(moment: datetime) -> str:
    """As machines read it, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc(moment: datetime) -> str:
    """As people read it, until the page's script says it in their own zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def moment_of(place: object) -> datetime | None:
    """The moment that an ``instant`` tells; None of anything else that stands on an axis."""
    if not isinstance(place, str) or not place.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(place)
    except ValueError:
        return None


def cell(value: object) -> str:
    """What stands in a table of a figure: a number, with its interval if it is three, or a text."""
    if isinstance(value, list | tuple) and len(value) == 3:
        middle, low, high = map(number, value)
        return f"{middle} ({low} to {high})"
    return number(value)


ALL: dict[str, Callable[..., object]] = {
    "number": number,
    "count": count,
    "share": share,
    "millis": millis,
    "money": money,
    "segment": segment,
    "instant": instant,
    "moment_of": moment_of,
    "utc": utc,
    "cell": cell,
    "written": written,
    "is_nested": is_nested,
}
