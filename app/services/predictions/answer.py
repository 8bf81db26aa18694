"""What callers are told: a prediction, and where it came from."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias, cast

from pydantic import JsonValue

from app.db.predictions.cache import CachedPrediction, Lookup
from app.services.predictions.flights import CacheState

RespondAsync: TypeAlias = Literal["asked", "version", "submitted"]
"""Who would rather be told where an answer will be than wait for it: this caller; those of a version whose
options say so; or one that can do something else meanwhile, where the platform answers later anyway."""
CACHED = ("HIT", "STALE")
"""Where an answer comes from that was there before it was asked for."""


@dataclass(frozen=True)
class Ask:
    """What to predict with. ``model`` and ``version`` None: the default model, its live version.

    ``refresh`` infers anew and supersedes what is cached. ``stale_if_error``: seconds beyond PREDICTION_TTL
    that an answer may be old where the platform fails, perhaps infinite. ``until``: when the caller goes
    away, in the loop's time, if that is sooner than PREDICT_TIMEOUT; what is under way is finished for
    others. ``respond_async`` None: it waits.
    """

    model: str | None = None
    version: str | None = None
    refresh: bool = False
    stale_if_error: float | None = None
    until: float | None = None
    respond_async: RespondAsync | None = None
    explain: bool = False
    """A prediction without an explanation will not do: see services.explanations."""

    @property
    def anew(self) -> bool:
        """Whether a prediction that is stored is no answer by itself."""
        return self.refresh or self.explain


class Answer(NamedTuple):
    """A prediction, where it came from and how old it is (seconds). ``output`` is JSON."""

    id: int
    record_id: str
    content_hash: str
    output: str
    cache: CacheState
    model: str
    version: str
    revision: str
    computed_at: datetime
    age: float

    @property
    def prediction(self) -> JsonValue:
        return cast(JsonValue, json.loads(self.output))

    @property
    def cached(self) -> bool:
        return self.cache in CACHED


def answer_of(one: Lookup, entry: CachedPrediction, state: CacheState, model: str) -> Answer:
    """``model`` is the one that was asked for, if the record has none of its own."""
    return Answer(
        id=entry.id,
        record_id=one.record_id,
        content_hash=one.content_hash or "",
        output=entry.output,
        cache=state,
        model=one.own_model or model,
        version=one.version or "",
        revision=entry.revision,
        computed_at=entry.computed_at,
        age=entry.age,
    )


def hit_of(one: Lookup, model: str) -> Answer:
    """By place, for speed."""
    return Answer(
        one.prediction_id or 0,
        one.record_id,
        one.content_hash or "",
        one.output,
        "HIT",
        one.own_model or model,
        one.version or "",
        one.revision,
        one.computed_at,
        one.age,
    )
