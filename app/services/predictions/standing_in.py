"""What is answered in place of an error of the platform, by whoever chose so.

A fallback version answers first, if the live version's options name one: what it says is its own, cached
under its own key. Else, with stale-if-error (RFC 5861), an answer that the cache would no longer give. It is
always of the record's present content and of this process's code.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from app.backends.base import BackendOptions
from app.backends.registry import parse
from app.core.errors import (
    AppError,
    BackendDown,
    BackendRefused,
    BackendThrottled,
    BackendTimeout,
)
from app.core.errors.still_computing import StillComputing
from app.core.settings import Settings
from app.db.engine import OUTAGES, Database, is_outage
from app.db.predictions import stale
from app.db.predictions.cache import Lookup
from app.schemas.hosting.deployments import Deployment
from app.services.predictions.answer import Answer, Ask, answer_of

AWAY = (BackendDown, BackendRefused, BackendThrottled, BackendTimeout)
"""Failures of a platform. That a model refuses a row is an answer, which nothing stands in for."""

ByRecord: TypeAlias = dict[str, Answer | AppError]


@dataclass(frozen=True)
class StandIns:
    """Answers for records whose inference failed. ``predict`` is the predictor's, for a fallback version."""

    settings: Settings
    database: Database
    pipeline_version: str
    predict: Callable[[Sequence[str], Ask], Awaitable[ByRecord]]

    async def replace(
        self, deployment: Deployment, misses: Sequence[Lookup], found: ByRecord, ask: Ask, *, until: float
    ) -> ByRecord:
        """What was found, with answers in place of the platform's errors as far as there are any. ``until``
        is when the caller's time is over, in the loop's."""
        if not (failed := _failed(misses, found)):
            return found
        options = _chosen(deployment) if ask.version is None else None
        if options is not None and options.fallback_version:
            other = replace(ask, version=options.fallback_version, stale_if_error=None)
            found = found | await self._fall_back([one.record_id for one in failed], other, until)
            failed = _failed(misses, found)
        if failed and not ask.explain and (grace := _grace(ask, options)) is not None:
            found = found | await self._stale(deployment, failed, ask, grace)
        return found

    async def _fall_back(self, record_ids: Sequence[str], ask: Ask, until: float) -> ByRecord:
        """Those that the fallback version answers; what it fails with is nobody's: the error is the first."""
        try:
            async with asyncio.timeout_at(until):
                answers = await self.predict(record_ids, ask)
        except (TimeoutError, AppError):  # there is no such version any more, say
            return {}
        return {name: one for name, one in answers.items() if isinstance(one, Answer)}

    async def _stale(
        self, deployment: Deployment, failed: Sequence[Lookup], ask: Ask, grace: float
    ) -> ByRecord:
        oldest = None if grace == float("inf") else (self.settings.prediction_ttl or 0) + grace
        try:
            entries = await stale.find(
                self.database.direct,
                deployment.id,
                {one.record_id: one.content_hash or "" for one in failed},
                pipeline_version=self.pipeline_version,
                oldest=oldest,
                older_versions=ask.version is None,
            )
        except OUTAGES as error:
            if not is_outage(error):
                raise
            return {}  # the platform's error is told
        lookups = {one.record_id: one for one in failed}
        return {
            name: answer_of(lookups[name]._replace(version=one.version), one.entry, "STALE", deployment.model)
            for name, one in entries.items()
        }


def _failed(misses: Sequence[Lookup], found: Mapping[str, Answer | AppError]) -> list[Lookup]:
    """Not those whose caller comes back for the answer."""
    return [one for one in misses if _is_away(found[one.record_id])]


def _is_away(answer: Answer | AppError) -> bool:
    return isinstance(answer, AWAY) and not (isinstance(answer, StillComputing) and answer.accepted)


def _chosen(deployment: Deployment) -> BackendOptions | None:
    try:
        return parse(deployment.backend, deployment.options)
    except AppError:  # of a release that knew other options
        return None


def _grace(ask: Ask, options: BackendOptions | None) -> float | None:
    """Seconds beyond PREDICTION_TTL, None where nothing stale is wanted; the caller's word goes first."""
    if ask.stale_if_error is not None or options is None:
        return ask.stale_if_error
    return options.stale_if_error
