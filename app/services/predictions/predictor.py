"""Predictions by record id: from the cache, or by single flight through the pipeline."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.errors import AppError, InvalidInput, Misconfigured, NotFound
from app.core.settings import Settings
from app.core.signals.versions import concerning
from app.db.engine import Database
from app.db.predictions.cache import CachedPrediction, Lookup
from app.db.predictions.scope import Scope
from app.db.predictions.written import Writing
from app.schemas.access.callers import CURRENT
from app.schemas.hosting.deployments import PENDING, Deployment
from app.schemas.ids import record_id_fault
from app.services import pipeline
from app.services.hosting.explaining import explaining
from app.services.models.known import KnownVersions
from app.services.predictions import storing
from app.services.predictions.answer import Answer, Ask, answer_of, hit_of
from app.services.predictions.flights import CacheState, Landed, Result, Wanted
from app.services.predictions.lasting.deferred import Deferred
from app.services.predictions.lookups import (
    Lookups,
    Meant,
    hidden,
    in_time,
    lack,
    looking_up,
    meant_by,
    no_id,
    parts_of,
    sorted_out,
)
from app.services.predictions.memory import Memory
from app.services.predictions.single_flight import SingleFlight
from app.services.predictions.standing_in import StandIns
from app.services.use_case import UseCase

__all__ = ["Answer", "Ask", "Predictor"]

MISSES_AT_ONCE = 500
"""Misses of one call that are claimed, inferred and stored together."""
OF_A_VERSION = (InvalidInput, Misconfigured, NotFound)
"""What is wrong with a version: it explains nothing, takes what nobody makes, or has been removed."""
MANY = 64
"""Ids of a call whose hits Postgres writes out. Fewer go with what other callers ask for."""


@dataclass
class Predictor:
    """Answers predictions. Holds no connection while a model infers."""

    settings: Settings
    use_case: UseCase
    database: Database
    flights: SingleFlight
    memory: Memory | None = None
    deferred: Deferred | None = None
    """None: whatever a version's options say, its callers wait."""

    def __post_init__(self) -> None:
        self._versions = KnownVersions(
            self.database.transactions, patience=self.settings.database_pool_timeout
        )
        own_models = self.use_case.model_for is not None
        self._lookups = Lookups(self.settings, self.database, self.pipeline_version, self.memory, own_models)
        self._stand_ins = StandIns(self.settings, self.database, self.pipeline_version, self.predict_many)

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
        meant = self._meant(ask)
        if fault := record_id_fault(record_id):
            raise no_id(fault)
        [found] = await in_time(self._lookups.find(looking_up((record_id,), meant, ask)), ask.until)
        if found.prediction_id is not None and not ask.anew:
            return hit_of(found, meant.model)
        if lacking := lack(found, meant, ask):
            raise lacking
        answer = (await self._infer([found], meant, ask))[record_id]
        if isinstance(answer, AppError):
            raise answer
        return answer

    async def look_up(self, record_ids: Sequence[str], ask: Ask) -> dict[str, Answer]:
        """What is stored for the records; nothing is inferred. Raises as ``predict_many``."""
        meant = self._meant(ask)
        legal, _ = sorted_out(record_ids)
        found = await in_time(self._lookups.find(looking_up(legal, meant, ask)), ask.until)
        return {one.record_id: hit_of(one, meant.model) for one in found if one.prediction_id is not None}

    async def predict_many(self, record_ids: Sequence[str], ask: Ask) -> dict[str, Answer | AppError]:
        """An answer or an error per record id; what has the same content is inferred once.

        Raises what concerns the whole call: an unknown model or version, an unreachable database.
        """
        meant = self._meant(ask)
        legal, faults = sorted_out(record_ids)
        found = await in_time(self._lookups.find(looking_up(legal, meant, ask)), ask.until)
        return faults | await self._answers(found, meant, ask)

    async def write_many(
        self, record_ids: Sequence[str], ask: Ask, pattern: str
    ) -> Mapping[str, Answer | AppError | str]:
        """As ``predict_many``, but hits may be texts, written by the pattern (see ``Writing``).

        That is where it is quicker.
        """
        meant, caller = self._meant(ask), CURRENT.get()
        by_itself = meant.own and caller.models is not None  # what is written is not looked at
        if ask.anew or self.memory is not None or len(record_ids) < MANY or by_itself:
            return await self.predict_many(record_ids, ask)
        legal, faults = sorted_out(record_ids)
        wanted = Writing(legal, meant.model, ask.version, pattern, caller.binding, meant.own)
        found = await in_time(self._lookups.write(wanted), ask.until)
        return found.hits | faults | hidden(legal) | await self._answers(found.others, meant, ask)

    def _meant(self, ask: Ask) -> Meant:
        """The model that is meant; NotFound where the caller may not know of it."""
        default, own_models = self.settings.default_model, self.use_case.model_for is not None
        return meant_by(ask.model, ask.version, default=default, own_models=own_models)

    async def _answers(
        self, lookups: Sequence[Lookup], meant: Meant, ask: Ask
    ) -> dict[str, Answer | AppError]:
        answers: dict[str, Answer | AppError] = {}
        misses = []
        for found in lookups:
            if found.prediction_id is not None and not ask.anew:
                answers[found.record_id] = hit_of(found, meant.model)
            elif lacking := lack(found, meant, ask):
                answers[found.record_id] = lacking
            else:
                misses.append(found)
        if misses:
            answers |= await self._infer(misses, meant, ask)
        return answers

    async def _infer(self, misses: Sequence[Lookup], meant: Meant, ask: Ask) -> dict[str, Answer | AppError]:
        """In parts that are on their way at once: what one of them computes is stored while another infers.
        Of what was looked up by several statements some may be of another version, or epoch."""
        infer = self._infer_of_own if meant.own else self._infer_part
        groups: dict[tuple[int | None, int], list[Lookup]] = {}
        for one in misses:
            groups.setdefault((one.version_id, one.epoch), []).append(one)
        parts = [part for group in groups.values() for part in parts_of(group, MISSES_AT_ONCE)]
        if len(parts) == 1:  # by far the most: no task of its own
            return await infer(parts[0], meant.model, ask)
        answers = await asyncio.gather(*(infer(part, meant.model, ask) for part in parts))
        return {record_id: answer for part in answers for record_id, answer in part.items()}

    async def _infer_of_own(
        self, misses: Sequence[Lookup], model: str, ask: Ask
    ) -> dict[str, Answer | AppError]:
        """What is wrong with the version of one model concerns the records that have it, and no others."""
        try:
            return await self._infer_part(misses, model, ask)
        except OF_A_VERSION as error:
            return {one.record_id: error for one in misses}

    async def _infer_part(
        self, misses: Sequence[Lookup], model: str, ask: Ask
    ) -> dict[str, Answer | AppError]:
        until = asyncio.get_running_loop().time() + self.settings.predict_timeout
        until = until if ask.until is None else min(until, ask.until)
        deployment = await self._versions.deployment(misses[0].version_id or 0)
        answering = self._infer_by(deployment, misses, model, ask, until)
        return await concerning(deployment.model, deployment.version, answering)

    async def _infer_by(
        self, deployment: Deployment, misses: Sequence[Lookup], model: str, ask: Ask, until: float
    ) -> dict[str, Answer | AppError]:
        deployment = explaining(deployment) if ask.explain else deployment
        pipeline.require_features(self.use_case, deployment)
        is_deferred = self.deferred is not None and self.deferred.takes(deployment, ask)
        if is_deferred or (refusal := self.flights.refusal(deployment)) is None:
            answers = await self._fly(deployment, misses, model, ask)
        else:  # nothing is claimed for what would not be sent
            answers = {one.record_id: refusal for one in misses}
        return await self._stand_ins.replace(deployment, misses, answers, ask, until=until)

    async def _fly(
        self, deployment: Deployment, misses: Sequence[Lookup], model: str, ask: Ask
    ) -> dict[str, Answer | AppError]:
        within, is_explained = CURRENT.get().record_prefix, deployment.explained
        scope = Scope(deployment.id, self.pipeline_version, misses[0].epoch, within, is_explained)
        wanted = {one.content_hash: _wanted(one, refresh=ask.refresh) for one in misses}
        results = await self._results(deployment, scope, list(wanted.values()), ask)
        landed = {one.record_id: results[one.content_hash or ""] for one in misses}
        landed = await self._with_own_rows(scope, landed, newly=ask.refresh)
        if ask.anew:
            self.forget([*landed])
        return {one.record_id: _landed(one, landed[one.record_id], model) for one in misses}

    async def _results(
        self, deployment: Deployment, scope: Scope, wanted: Sequence[Wanted], ask: Ask
    ) -> dict[str, Result]:
        if self.deferred is not None and self.deferred.takes(deployment, ask):
            return await self.deferred.predict(deployment, scope, wanted, ask)
        return await self.flights.predict(deployment, scope, wanted, ask.until)

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


def _wanted(one: Lookup, *, refresh: bool) -> Wanted:
    since = one.asked_at if refresh else None
    return Wanted(one.record_id, one.content_hash or "", one.payload, since)


def _own(copy: CachedPrediction | None, source: CachedPrediction) -> CachedPrediction:
    # The source, as it was found, where the copy is gone by now or was disowned in between.
    return source if copy is None or copy.revision.startswith(PENDING) else copy


def _of_another(state: CacheState) -> CacheState:
    return "HIT" if state == "HIT" else "COALESCED"


def _landed(one: Lookup, result: Result, model: str) -> Answer | AppError:
    return result if isinstance(result, AppError) else answer_of(one, result.entry, result.state, model)
