"""Predictions by record id: from the cache, or by single flight through the pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from app.core.errors import AppError, FieldError, InvalidInput
from app.core.settings import Settings
from app.db.engine import Database, run
from app.db.predictions import cache
from app.db.predictions.cache import CachedPrediction, Lookup, Scope
from app.schemas.hosting.deployments import PENDING, Deployment
from app.schemas.ids import no_record, record_id_fault
from app.services import pipeline
from app.services.models import versions
from app.services.predictions import storing
from app.services.predictions.flights import CacheState, Landed, Result, Wanted
from app.services.predictions.single_flight import SingleFlight
from app.services.use_case import UseCase


@dataclass(frozen=True)
class Ask:
    """What to predict with. ``model`` and ``version`` None: the default model, its live version.

    ``refresh`` infers anew and supersedes what is cached.
    """

    model: str | None = None
    version: str | None = None
    refresh: bool = False


@dataclass(frozen=True)
class Answer:
    """A prediction, where it came from and how old it is (seconds)."""

    id: int
    record_id: str
    content_hash: str
    prediction: JsonValue
    cache: CacheState
    model: str
    version: str
    revision: str
    computed_at: datetime
    age: float

    @property
    def cached(self) -> bool:
        return self.cache == "HIT"


@dataclass
class Predictor:
    """Answers predictions. Holds no connection while a model infers."""

    settings: Settings
    use_case: UseCase
    database: Database
    flights: SingleFlight
    _deployments: dict[int, Deployment] = field(default_factory=dict)
    """By version id; what an id stands for never changes."""

    @property
    def pipeline_version(self) -> str:
        """The part of the cache key that changes with the user's code."""
        return self.settings.pipeline_version or self.use_case.fingerprint

    async def predict(self, record_id: str, ask: Ask) -> Answer:
        """One prediction, or the error of it."""
        answer = (await self.predict_many([record_id], ask))[record_id]
        if isinstance(answer, AppError):
            raise answer
        return answer

    async def predict_many(self, record_ids: Sequence[str], ask: Ask) -> dict[str, Answer | AppError]:
        """An answer or an error per record id; what has the same content is inferred once.

        Raises what concerns the whole call: an unknown model or version, an unreachable database.
        """
        model = versions.named_or_default(ask.model, self.settings.default_model)
        faults = {record_id: fault for record_id in record_ids if (fault := record_id_fault(record_id))}
        answers: dict[str, Answer | AppError] = {
            record_id: InvalidInput("This is no record id.", errors=[FieldError("record_id", fault)])
            for record_id, fault in faults.items()
        }
        legal = [record_id for record_id in dict.fromkeys(record_ids) if record_id not in faults]
        found = await self._look_up(legal, model, ask)
        missing = [one for one in found if one.content_hash is None]
        answers |= {one.record_id: no_record(one.record_id) for one in missing}
        hits = [] if ask.refresh else [one for one in found if one.entry is not None]
        answers |= {one.record_id: _answer(one, one.entry, "HIT", model) for one in hits if one.entry}
        misses = [one for one in found if one.record_id not in answers]
        if misses:
            answers |= await self._infer(misses, model, ask)
        return answers

    async def _look_up(self, record_ids: Sequence[str], model: str, ask: Ask) -> list[Lookup]:
        found = await run(
            self.database.statements,
            lambda session: cache.look_up(
                session,
                record_ids,
                model=model,
                version=ask.version,
                pipeline_version=self.pipeline_version,
                ttl=self.settings.prediction_ttl,
                refresh=ask.refresh,
            ),
        )
        if record_ids and (not found or found[0].version_id is None):
            raise versions.no_version(model, ask.version, model_exists=bool(found))
        return found

    async def _infer(self, misses: Sequence[Lookup], model: str, ask: Ask) -> dict[str, Answer | AppError]:
        first = misses[0]
        deployment = await self._deployment(first.version_id or 0)
        pipeline.require_features(self.use_case, deployment)
        scope = Scope(deployment.id, self.pipeline_version, first.epoch)
        wanted = {one.content_hash: _wanted(one, refresh=ask.refresh) for one in misses}
        results = await self.flights.predict(deployment, scope, list(wanted.values()))
        landed = {one.record_id: results[one.content_hash or ""] for one in misses}
        landed = await self._with_own_rows(scope, landed, newly=ask.refresh)
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


def _wanted(one: Lookup, *, refresh: bool) -> Wanted:
    since = one.asked_at if refresh else None
    return Wanted(one.record_id, one.content_hash or "", one.payload, since)


def _own(copy: CachedPrediction | None, source: CachedPrediction) -> CachedPrediction:
    """The copy; the source, as it was found, where that is gone by now or was disowned in between."""
    return source if copy is None or copy.revision.startswith(PENDING) else copy


def _of_another(state: CacheState) -> CacheState:
    return "HIT" if state == "HIT" else "COALESCED"


def _landed(one: Lookup, result: Result, model: str) -> Answer | AppError:
    return result if isinstance(result, AppError) else _answer(one, result.entry, result.state, model)


def _answer(one: Lookup, entry: CachedPrediction, state: CacheState, model: str) -> Answer:
    return Answer(
        id=entry.id,
        record_id=one.record_id,
        content_hash=one.content_hash or "",
        prediction=entry.output,
        cache=state,
        model=model,
        version=one.version or "",
        revision=entry.revision,
        computed_at=entry.computed_at,
        age=entry.age,
    )
