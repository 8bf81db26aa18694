"""Requests by HTTP, by the route that answered them."""

from bisect import bisect_left
from typing import Final, NamedTuple

from app.core.signals.answered import Told, histogram_of
from app.core.signals.histogram import SECONDS, Histogram

METHODS: Final = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))
OTHER: Final = "OTHER"
"""Any other method."""
NO_ROUTE: Final = ""
"""There is none for the path, or the request was refused before one was looked for."""
CLASSES: Final = ("", "1xx", "2xx", "3xx", "4xx", "5xx")


class RequestKey(NamedTuple):
    """``route`` is the template of its path, such as /records/{record_id}; ``status`` its class: 2xx."""

    route: str
    method: str
    status: str


requests: Final[dict[RequestKey, Histogram]] = {}
"""Seconds until they were answered."""
_kinds: Final[dict[tuple[str, str, int], Histogram]] = {}
"""The same histograms, by what is at hand."""


class RequestSignals:
    """What becomes known of a request while it is answered: its ``route``, and how many predictions it
    ``asked`` for."""

    __slots__ = ("asked", "route")

    def __init__(self, route: str = NO_ROUTE) -> None:
        self.route, self.asked = route, 0


NOTHING_KNOWN: Final = RequestSignals()


def note(route: str, method: str, status: int, seconds: float, told: Told | None = None) -> None:
    """One that was answered; ``status`` 0 where its caller had gone before. ``told``: the prediction that was
    the answer. In one go, for hits: written out, it costs half."""
    histogram = _kinds.get((route, method, status)) or _begin(route, method, status)
    place = bisect_left(SECONDS, seconds)
    histogram.counts[place] += 1
    histogram.total += seconds
    if told is not None:
        histogram = histogram_of("request", told)
        histogram.counts[place] += 1
        histogram.total += seconds


def _begin(route: str, method: str, status: int) -> Histogram:
    key = RequestKey(route, method if method in METHODS else OTHER, CLASSES[status // 100])
    histogram = requests.setdefault(key, Histogram())
    if method in METHODS:  # what callers make up is not kept
        _kinds[route, method, status] = histogram
    return histogram
