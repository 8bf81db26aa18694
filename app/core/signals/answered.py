"""Predictions that callers were told: how many, from where, and how long they waited."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from app.core.errors import AppError
from app.core.errors.still_computing import StillComputing
from app.core.signals.histogram import Histogram
from app.core.signals.versions import version_of

Origin: TypeAlias = Literal["request", "batch", "job", "evaluation", "operation"]
"""What it was asked for by: a request for one, an item of a batch, a record of a job or of an evaluation; or
the end of what a worker computed for who comes back for it."""
AnsweredAs: TypeAlias = Literal["hit", "miss", "coalesced", "stale", "error"]
CacheWord: TypeAlias = Literal["HIT", "MISS", "COALESCED", "STALE"]
"""As callers are told it."""

MOST: Final = 10_000
"""Keys with names that a process keeps; what is new beyond them has none. That is some 3,000 versions."""
OUTCOMES: Final[dict[CacheWord, AnsweredAs]] = {
    "HIT": "hit",
    "MISS": "miss",
    "COALESCED": "coalesced",
    "STALE": "stale",
}


class AnsweredKey(NamedTuple):
    """``cause`` is the problem's slug of an error, else empty. Where no version was found ``model`` and
    ``version`` are empty."""

    model: str
    version: str
    origin: Origin
    outcome: AnsweredAs
    cause: str


class Told(Protocol):
    """A prediction as a caller is told it."""

    @property
    def model(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def cache(self) -> CacheWord: ...


answers: Final[dict[AnsweredKey, Histogram]] = {}
"""Seconds that callers waited for one."""
_told: Final[dict[tuple[str, str, Origin, CacheWord], Histogram]] = {}
"""The same histograms, by what is at hand when a hit is told."""


def histogram_of(origin: Origin, told: Told) -> Histogram:
    """Where one is noted."""
    found = _told.get((told.model, told.version, origin, told.cache))
    return found or _told_by(told.model, told.version, origin, told.cache)


def note(origin: Origin, told: Told, seconds: float) -> None:
    """One that somebody was told after so many seconds."""
    histogram_of(origin, told).note(seconds)


def note_as(
    origin: Origin, model: str, version: str, cache: CacheWord, seconds: float, count: int = 1
) -> None:
    """So many of a version, which came from the same place."""
    _told_by(model, version, origin, cache).note(seconds, count)


def note_error(origin: Origin, error: AppError, seconds: float, count: int = 1) -> None:
    """What was told in place of predictions; not that one comes later."""
    if not (isinstance(error, StillComputing) and error.accepted):
        note_failure(origin, *version_of(error), error.slug, seconds, count)


def note_failure(
    origin: Origin, model: str, version: str, cause: str, seconds: float, count: int = 1
) -> None:
    """The same of an error of which only the slug is left."""
    _histogram(AnsweredKey(model, version, origin, "error", cause)).note(seconds, count)


def note_each(origin: Origin, told: Iterable[Told | AppError], seconds: float) -> None:
    """All that were told together."""
    for one in told:
        if isinstance(one, AppError):
            note_error(origin, one, seconds)
        else:
            note(origin, one, seconds)


def _told_by(model: str, version: str, origin: Origin, cache: CacheWord) -> Histogram:
    found = _histogram(AnsweredKey(model, version, origin, OUTCOMES[cache], ""))
    if len(_told) < MOST:
        _told[model, version, origin, cache] = found
    return found


def _histogram(key: AnsweredKey) -> Histogram:
    if key not in answers and len(answers) >= MOST:
        key = key._replace(model="", version="")
    return answers.setdefault(key, Histogram())
