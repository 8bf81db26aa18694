"""Requests by HTTP, by the route that answered them."""

from typing import Final, NamedTuple

from app.core.signals.histogram import Histogram

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
    """What becomes known of a request while it is answered. ``began`` is by time.perf_counter; ``asked`` is
    how many predictions it turned out to ask for."""

    __slots__ = ("asked", "began", "route")

    def __init__(self, began: float) -> None:
        self.began, self.route, self.asked = began, NO_ROUTE, 0


def note(route: str, method: str, status: int, seconds: float) -> None:
    """One that was answered; ``status`` 0 where its caller had gone before."""
    histogram = _kinds.get((route, method, status))
    (_begin(route, method, status) if histogram is None else histogram).note(seconds)


def _begin(route: str, method: str, status: int) -> Histogram:
    key = RequestKey(route, method if method in METHODS else OTHER, CLASSES[status // 100])
    histogram = requests.setdefault(key, Histogram())
    if method in METHODS:  # what callers make up is not kept
        _kinds[route, method, status] = histogram
    return histogram
