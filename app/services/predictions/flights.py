"""What a flight carries: contents on their way to results."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import JsonValue

from app.core.errors import AppError, BackendTimeout, NotInTime
from app.db.predictions.cache import CachedPrediction
from app.db.predictions.claims import Lease
from app.db.predictions.scope import Scope
from app.schemas.hosting.deployments import Deployment
from app.services.inference import landing_time

CacheState: TypeAlias = Literal["HIT", "MISS", "COALESCED", "STALE"]
"""Found in the cache, inferred for this caller, or inferred for another one meanwhile; or, for who chose so
while the platform fails, found among what the cache no longer answers."""


@dataclass(frozen=True)
class Wanted:
    """A record's content to be predicted. ``since``: what was computed before will not do."""

    record_id: str
    content_hash: str
    payload: JsonValue
    since: datetime | None = None

    def accepts(self, entry: CachedPrediction) -> bool:
        """Whether a stored prediction of the content will do."""
        return self.since is None or entry.computed_at > self.since


@dataclass(frozen=True)
class Landed:
    """A prediction of a content, perhaps for another record, and how it came about."""

    entry: CachedPrediction
    state: CacheState


def ran_out_of_time(result: object, deadline: float, patience: float) -> bool:
    """Whether a failure is that of its leader's deadline, by the loop's time, and not the platform's word.
    ``patience`` is what the leader's callers had."""
    last_call = deadline - 1.1 * landing_time(patience)
    return isinstance(result, NotInTime) or (
        isinstance(result, BackendTimeout) and asyncio.get_running_loop().time() >= last_call
    )


Result: TypeAlias = Landed | AppError
Flight: TypeAlias = asyncio.Future[Result]


@dataclass(frozen=True)
class Batch:
    """Contents that one task works on until each has its result. ``deadline`` is in the loop's time."""

    deployment: Deployment
    scope: Scope
    lease: Lease
    deadline: float
    wanted: Sequence[Wanted]
    flights: dict[str, Flight]

    def open(self) -> list[Wanted]:
        """What has no result yet."""
        return [one for one in self.wanted if self.is_open(one.content_hash)]

    def is_open(self, content_hash: str) -> bool:
        return not self.flights[content_hash].done()

    def land(self, content_hash: str, result: Result) -> None:
        if self.is_open(content_hash):
            self.flights[content_hash].set_result(result)
