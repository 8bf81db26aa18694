"""What is stored for records: looked up with what other callers ask for, by as few statements as it takes."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from app.core.errors import AppError, FieldError, InvalidInput, NotInTime
from app.core.joining import Joined
from app.core.settings import Settings
from app.core.signals import timed
from app.core.signals.versions import concern
from app.db.engine import Database, is_outage
from app.db.predictions import cache, written
from app.db.predictions.cache import LOOKUP, LookingUp, Lookup
from app.db.predictions.own_models import OWN_LOOKUP
from app.db.predictions.written import Writing, WrittenHits
from app.schemas.access.callers import CURRENT, Caller, current_binding
from app.schemas.ids import no_record, record_id_fault
from app.services.models import versions
from app.services.predictions.answer import Answer, Ask
from app.services.predictions.memory import Memory

T = TypeVar("T")


class Meant(NamedTuple):
    """The model that a caller asks for. ``own``: of a record that has a model of its own it is that one, and
    of others this, whose name is empty where there is no default."""

    model: str
    own: bool = False


LOOKUPS, IDS_AT_ONCE = 2, 256
"""Statements at once that look up what concurrent callers ask for, and the most ids of one."""
WRITTEN_AT_ONCE = 1000
"""The most ids of one that writes what it finds, for one caller."""
OWN = "*"
"""Begins what the memory keeps for those who name no model; no model's name does."""
SLOW = 0.01
"""Seconds after which a statement has others beside it; until then all that comes goes into the next."""


@dataclass
class Lookups:
    """Raises what concerns the whole call: an unknown model or version, an unreachable database.

    ``own_models``: records may have models of their own.
    """

    settings: Settings
    database: Database
    pipeline_version: str
    memory: Memory | None
    own_models: bool = False

    def __post_init__(self) -> None:
        self._statement = OWN_LOOKUP if self.own_models else LOOKUP
        patience = self.settings.database_pool_timeout
        self._joined: Joined[LookingUp, list[Lookup]] = Joined(
            self._look_up,
            goes=LOOKUPS,
            most=IDS_AT_ONCE,
            slow=SLOW,
            size=lambda ask: len(ask.record_ids),
            patience=patience,
            concerns_all=is_outage,
        )
        self._written: Joined[Writing, WrittenHits] = Joined(
            self._write, goes=LOOKUPS, most=1, slow=SLOW, patience=patience
        )

    async def find(self, ask: LookingUp) -> list[Lookup]:
        """A lookup for each id, in any order. Of what the caller may not know there is no record."""
        return known(await timed("lookup", self._find(ask)))

    async def _find(self, ask: LookingUp) -> list[Lookup]:
        memory = None if ask.refresh else self.memory
        if memory is None:
            return await self._ask_database(ask)
        record_ids, model, version, *_ = ask
        kept_as = f"{OWN}{model}" if ask.own else model
        ttl, kept, left = self.settings.prediction_ttl, [], []
        for record_id in record_ids:
            if (found := memory.get(record_id, kept_as, version, ttl)) is None:
                left.append(record_id)
            else:
                kept.append(found)
        if left:
            mark = memory.mark()
            asked = await self._ask_database(ask._replace(record_ids=left))
            memory.keep(mark, kept_as, version, asked)
            kept += asked
        return kept

    async def write(self, ask: Writing) -> WrittenHits:
        """The hits, written, and a lookup for each other id; past the memory."""
        parts = parts_of(ask.record_ids, WRITTEN_AT_ONCE)
        found = WrittenHits({}, [])
        for part in await asyncio.gather(*(self._written.ask(ask._replace(record_ids=one)) for one in parts)):
            found.hits.update(part.hits)
            found.others.extend(part.others)
        _require_version(found.others, ask)
        return _known_of(found)

    async def _ask_database(self, ask: LookingUp) -> list[Lookup]:
        if len(ask.record_ids) <= IDS_AT_ONCE:
            found = await self._joined.ask(ask)
        else:
            parts = parts_of(ask.record_ids, IDS_AT_ONCE)
            asked = [self._joined.ask(ask._replace(record_ids=part)) for part in parts]
            found = [one for part in await asyncio.gather(*asked) for one in part]
        _require_version(found, ask)
        return found

    async def _look_up(self, asks: Sequence[LookingUp]) -> list[list[Lookup]]:
        direct, ttl = self.database.direct, self.settings.prediction_ttl
        return await cache.look_up(
            direct, asks, pipeline_version=self.pipeline_version, ttl=ttl, statement=self._statement
        )

    async def _write(self, asks: Sequence[Writing]) -> list[WrittenHits]:
        direct, ttl = self.database.direct, self.settings.prediction_ttl
        return [
            await written.write(direct, ask, pipeline_version=self.pipeline_version, ttl=ttl) for ask in asks
        ]


def meant_by(model: str | None, version: str | None, *, default: str | None, own_models: bool) -> Meant:
    """The model that the caller means, where it names this one; NotFound where it may not know of that."""
    caller = CURRENT.get()
    if model is None and own_models:
        return Meant(default if default and caller.knows_model(default) else "", own=True)
    name = versions.named_or_default(model, default)
    if not caller.knows_model(name):
        raise versions.no_version(name, version, model_exists=False)
    return Meant(name)


def sorted_out(record_ids: Sequence[str]) -> tuple[list[str], dict[str, Answer | AppError]]:
    """Each id once that a record may have, and what is wrong with the others."""
    legal = [*dict.fromkeys(record_ids)]
    faults = {record_id: fault for record_id in legal if (fault := record_id_fault(record_id))}
    if faults:
        legal = [record_id for record_id in legal if record_id not in faults]
    return legal, {record_id: no_id(fault) for record_id, fault in faults.items()}


def no_id(fault: str) -> InvalidInput:
    return InvalidInput("This is no record id.", errors=[FieldError("record_id", fault)])


def looking_up(record_ids: Sequence[str], meant: Meant, ask: Ask) -> LookingUp:
    """What is asked of the database for these ids."""
    return LookingUp(record_ids, meant.model, ask.version, ask.anew, current_binding(), meant.own)


async def in_time(lookup: Awaitable[T], until: float | None) -> T:
    """What was looked up; NotInTime where the caller has gone before."""
    if until is None:
        return await lookup
    try:
        async with asyncio.timeout_at(until) as patience:
            return await lookup
    except TimeoutError as error:
        if not patience.expired():
            raise
        raise NotInTime("The record was not looked up in time.") from error


def known(found: list[Lookup]) -> list[Lookup]:
    """The lookups, without what the caller may not know."""
    caller = CURRENT.get()
    if not caller.is_bound:
        return found
    return [_as_known(one, caller) for one in found]


def hidden(record_ids: Sequence[str]) -> dict[str, Answer | AppError]:
    """What there is not, as far as the caller is told."""
    caller = CURRENT.get()
    if not caller.record_prefix:
        return {}
    return {one: no_record(one) for one in record_ids if not caller.knows_record(one)}


def _as_known(one: Lookup, caller: Caller) -> Lookup:
    if not caller.knows_record(one.record_id):
        return one._replace(content_hash=None, stored_payload=None, prediction_id=None)
    if one.own_model is not None and not caller.knows_model(one.own_model):
        return one._replace(model_id=None, version_id=None, prediction_id=None)
    return one


def lack(found: Lookup, meant: Meant, ask: Ask) -> AppError | None:
    """What there is not of what it takes to infer it."""
    if found.content_hash is None:
        missing = no_record(found.record_id)
        model, version = found.own_model or meant.model, found.version
        return missing if version is None else concern(missing, model, version)
    return no_version(found, meant, ask.version) if found.version_id is None else None


def no_version(one: Lookup, meant: Meant, version: str | None) -> AppError:
    """Why there is no version of the model that a record was looked up for."""
    if name := one.own_model or meant.model:
        return versions.no_version(name, version, model_exists=one.model_id is not None)
    return versions.none_named()


def _known_of(found: WrittenHits) -> WrittenHits:
    caller = CURRENT.get()
    if not caller.record_prefix:
        return found
    hits = {record_id: hit for record_id, hit in found.hits.items() if caller.knows_record(record_id)}
    return WrittenHits(hits, known(found.others))


def parts_of(given: Sequence[T], size: int) -> list[Sequence[T]]:
    return [given[at : at + size] for at in range(0, len(given), size)]


def _require_version(found: Sequence[Lookup], ask: LookingUp | Writing) -> None:
    """Where records have models of their own, it concerns each by itself."""
    if ask.own:
        return
    if (lost := next((one for one in found if one.version_id is None), None)) is not None:
        raise versions.no_version(ask.model, ask.version, model_exists=lost.model_id is not None)
