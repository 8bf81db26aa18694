"""Predictions by record id: from the cache, or by single flight through the pipeline."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.core.errors import AppError, FieldError, InvalidInput, NotInTime
from app.core.joining import Joined
from app.core.settings import Settings
from app.db.engine import Database, is_outage
from app.db.predictions import cache
from app.db.predictions.cache import CachedPrediction, Lookup, Scope
from app.schemas.hosting.deployments import PENDING, Deployment
from app.schemas.ids import no_record, record_id_fault
from app.services import pipeline
from app.services.models import versions
from app.services.predictions import storing
from app.services.predictions.answer import Answer, answer_of, hit_of
from app.services.predictions.flights import CacheState, Landed, Result, Wanted
from app.services.predictions.memory import Memory
from app.services.predictions.single_flight import SingleFlight
from app.services.use_case import UseCase

__all__ = ["Answer", "Ask", "Predictor"]

T = TypeVar("T")

MISSES_AT_ONCE = 500
"""Misses of one call that are claimed, inferred and stored together."""
LOOKUPS, IDS_AT_ONCE = 2, 256
"""Statements at once that look up what concurrent callers ask for, and the most ids of one."""
SLOW = 0.01
"""Seconds after which a statement has others beside it; until then all that comes goes into the next."""


@dataclass(frozen=True)
class Ask:
    """What to predict with. ``model`` and ``version`` None: the default model, its live version.

    ``refresh`` infers anew and supersedes what is cached. ``wait``: seconds after which the caller has gone,
    if that is sooner than PREDICT_TIMEOUT; what is under way is finished for others.
    """

    model: str | None = None
    version: str | None = None
    refresh: bool = False
    wait: float | None = None

    def until(self) -> float | None:
        """When the caller goes, in the loop's time."""
        return None if self.wait is None else asyncio.get_running_loop().time() + self.wait


@dataclass
class Predictor:
    """Answers predictions. Holds no connection while a model infers."""

    settings: Settings
    use_case: UseCase
    database: Database
    flights: SingleFlight
    memory: Memory | None = None

    def __post_init__(self) -> None:
        self._deployments: dict[int, Deployment] = {}  # by version id; what an id stands for never changes
        self._lookups: Joined[cache.LookingUp, list[Lookup]] = Joined(
            self._look_up,
            goes=LOOKUPS,
            most=IDS_AT_ONCE,
            slow=SLOW,
            size=lambda ask: len(ask.record_ids),
            patience=self.settings.database_pool_timeout,
            concerns_all=is_outage,
        )

    @property
    def pipeline_version(self) -> str:
        """The part of the cache key that changes with the user's code."""
        return self.settings.pipeline_version or self.use_case.fingerprint

    def forget(self, record_ids: Sequence[str] | None = None) -> None:
        """To be called when this process has changed records, or models (None), and before it says so: the
        database tells all processes, but a moment later."""
        if self.memory is not None:
            self.memory.forget(record_ids)

    async def predict(self, record_id: str, ask: Ask) -> Answer:
        """One prediction, or the error of it."""
        model = versions.named_or_default(ask.model, self.settings.default_model)
        if fault := record_id_fault(record_id):
            raise _no_id(fault)
        until = ask.until()
        [found] = await self._find((record_id,), model, ask, until)
        if found.content_hash is None:
            raise no_record(record_id)
        if found.prediction_id is not None and not ask.refresh:
            return hit_of(found, model)
        answer = (await self._infer([found], model, ask, until))[record_id]
        if isinstance(answer, AppError):
            raise answer
        return answer

    async def predict_many(self, record_ids: Sequence[str], ask: Ask) -> dict[str, Answer | AppError]:
        """An answer or an error per record id; what has the same content is inferred once.

        Raises what concerns the whole call: an unknown model or version, an unreachable database.
        """
        model = versions.named_or_default(ask.model, self.settings.default_model)
        faults = {record_id: fault for record_id in record_ids if (fault := record_id_fault(record_id))}
        answers: dict[str, Answer | AppError] = {one: _no_id(fault) for one, fault in faults.items()}
        legal = [record_id for record_id in dict.fromkeys(record_ids) if record_id not in faults]
        misses, until = [], ask.until()
        for found in await self._find(legal, model, ask, until):
            if found.content_hash is None:
                answers[found.record_id] = no_record(found.record_id)
            elif found.prediction_id is not None and not ask.refresh:
                answers[found.record_id] = hit_of(found, model)
            else:
                misses.append(found)
        if misses:
            answers |= await self._infer(misses, model, ask, until)
        return answers

    async def _find(
        self, record_ids: Sequence[str], model: str, ask: Ask, until: float | None
    ) -> list[Lookup]:
        """A lookup for each id, in any order; NotInTime where the caller has gone before."""
        if until is None:
            return await self._remember_or_ask(record_ids, model, ask)
        try:
            async with asyncio.timeout_at(until) as patience:
                return await self._remember_or_ask(record_ids, model, ask)
        except TimeoutError as error:
            if not patience.expired():
                raise
            raise NotInTime("The record was not looked up in time.") from error

    async def _remember_or_ask(self, record_ids: Sequence[str], model: str, ask: Ask) -> list[Lookup]:
        memory = None if ask.refresh else self.memory
        if memory is None:
            return await self._ask_database(record_ids, model, ask)
        ttl, kept, left = self.settings.prediction_ttl, [], []
        for record_id in record_ids:
            if (found := memory.get(record_id, model, ask.version, ttl)) is None:
                left.append(record_id)
            else:
                kept.append(found)
        if left:
            mark = memory.mark()
            asked = await self._ask_database(left, model, ask)
            memory.keep(mark, model, ask.version, asked)
            kept += asked
        return kept

    async def _ask_database(self, record_ids: Sequence[str], model: str, ask: Ask) -> list[Lookup]:
        if len(record_ids) <= IDS_AT_ONCE:
            found = await self._lookups.ask(cache.LookingUp(record_ids, model, ask.version, ask.refresh))
        else:
            parts = [
                self._lookups.ask(cache.LookingUp(part, model, ask.version, ask.refresh))
                for part in _parts(record_ids, IDS_AT_ONCE)
            ]
            found = [one for part in await asyncio.gather(*parts) for one in part]
        if (lost := next((one for one in found if one.version_id is None), None)) is not None:
            raise versions.no_version(model, ask.version, model_exists=lost.model_id is not None)
        return found

    async def _look_up(self, asks: Sequence[cache.LookingUp]) -> list[list[Lookup]]:
        ttl = self.settings.prediction_ttl
        return await cache.look_up(
            self.database.direct, asks, pipeline_version=self.pipeline_version, ttl=ttl
        )

    async def _infer(
        self, misses: Sequence[Lookup], model: str, ask: Ask, until: float | None
    ) -> dict[str, Answer | AppError]:
        """In parts that are on their way at once: what one of them computes is stored while another infers.

        Of what was looked up by several statements some may be of another version, or epoch.
        """
        groups: dict[tuple[int | None, int], list[Lookup]] = {}
        for one in misses:
            groups.setdefault((one.version_id, one.epoch), []).append(one)
        parts = [part for group in groups.values() for part in _parts(group, MISSES_AT_ONCE)]
        answers = await asyncio.gather(*(self._infer_part(part, model, ask, until) for part in parts))
        return {record_id: answer for part in answers for record_id, answer in part.items()}

    async def _infer_part(
        self, misses: Sequence[Lookup], model: str, ask: Ask, until: float | None
    ) -> dict[str, Answer | AppError]:
        first = misses[0]
        deployment = await self._deployment(first.version_id or 0)
        pipeline.require_features(self.use_case, deployment)
        scope = Scope(deployment.id, self.pipeline_version, first.epoch)
        wanted = {one.content_hash: _wanted(one, refresh=ask.refresh) for one in misses}
        results = await self.flights.predict(deployment, scope, list(wanted.values()), until)
        landed = {one.record_id: results[one.content_hash or ""] for one in misses}
        landed = await self._with_own_rows(scope, landed, newly=ask.refresh)
        if ask.refresh:
            self.forget([*landed])
        return {one.record_id: _landed(one, landed[one.record_id], model) for one in misses}

    async def _with_own_rows(
        self, scope: Scope, landed: dict[str, Result], *, newly: bool
    ) -> dict[str, Result]:
        """Give those a row of their own whose content was answered for another record."""
        others = {
            record_id: result
            for record_id, result in landed.items()
            if isinstance(result, Landed) and result.entry.record_id != record_id
        }
        if not others:
            return landed
        sources = {record_id: result.entry.id for record_id, result in others.items()}
        entries = await storing.adopt(self.settings, self.database, scope, sources, newly=newly)
        adopted: dict[str, Result] = {
            record_id: Landed(_own(entries.get(record_id), other.entry), _of_another(other.state))
            for record_id, other in others.items()
        }
        return landed | adopted

    async def _deployment(self, version_id: int) -> Deployment:
        if version_id not in self._deployments:
            self._deployments[version_id] = await versions.deployment(self.database.transactions, version_id)
        return self._deployments[version_id]


def _parts(given: Sequence[T], size: int) -> list[Sequence[T]]:
    return [given[at : at + size] for at in range(0, len(given), size)]


def _wanted(one: Lookup, *, refresh: bool) -> Wanted:
    since = one.asked_at if refresh else None
    return Wanted(one.record_id, one.content_hash or "", one.payload, since)


def _own(copy: CachedPrediction | None, source: CachedPrediction) -> CachedPrediction:
    """The copy; the source, as it was found, where that is gone by now or was disowned in between."""
    return source if copy is None or copy.revision.startswith(PENDING) else copy


def _of_another(state: CacheState) -> CacheState:
    return "HIT" if state == "HIT" else "COALESCED"


def _landed(one: Lookup, result: Result, model: str) -> Answer | AppError:
    return result if isinstance(result, AppError) else answer_of(one, result.entry, result.state, model)


def _no_id(fault: str) -> InvalidInput:
    return InvalidInput("This is no record id.", errors=[FieldError("record_id", fault)])
