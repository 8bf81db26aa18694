"""The cache lookup: record, model version and prediction in one statement by primary keys."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import starmap
from operator import attrgetter
from typing import NamedTuple, cast

from pydantic import JsonValue
from sqlalchemy import RowMapping

from app.core.joining import apart
from app.db.direct import Direct, Statement
from app.schemas.access.callers import UNBOUND, Binding


class CachedPrediction(NamedTuple):
    """A stored prediction. ``output`` is JSON; ``age`` is in seconds, by the database's clock."""

    id: int
    record_id: str
    output: str
    revision: str
    computed_at: datetime
    age: float


class LookingUp(NamedTuple):
    """Records to look up for one caller. ``version`` None means the live one.

    ``refresh``: what is stored will not do, and the payloads are wanted. ``own``: of a record that has a
    model of its own, that one is meant.
    """

    record_ids: Sequence[str]
    model: str
    version: str | None
    refresh: bool
    binding: Binding = UNBOUND
    own: bool = False


class Lookup(NamedTuple):
    """One record as the lookup found it, in the columns of the statement.

    ``content_hash`` is None where there is no such record, ``version_id`` where there is no such version;
    ``stored_payload`` is JSON and only read where it is needed to infer; what begins with ``prediction_`` is
    None without one, of which ``output`` is JSON and ``age`` in seconds; ``asked_at`` is by the database's
    clock.
    """

    record_id: str
    model_id: int | None
    version_id: int | None
    version: str | None
    epoch: int
    content_hash: str | None
    stored_payload: str | None
    prediction_id: int | None
    output: str
    revision: str
    computed_at: datetime
    age: float
    asked_at: datetime
    position: int
    """Among what was looked up with it, from 1."""
    own_model: str | None = None
    """The record's own, if that is what was looked up."""

    @property
    def payload(self) -> JsonValue:
        return None if self.stored_payload is None else cast(JsonValue, json.loads(self.stored_payload))

    @property
    def entry(self) -> CachedPrediction | None:
        if self.prediction_id is None:
            return None
        return CachedPrediction(
            self.prediction_id, self.record_id, self.output, self.revision, self.computed_at, self.age
        )


ENTRY_COLUMNS = """
    prediction.id as prediction_id, prediction.record_id as answered_for,
    cast(prediction.output as text) as output,
    prediction.computed_at, prediction.revision as answered_by,
    date_part('epoch', now() - prediction.computed_at) as age
"""

NEWEST_ID = "(select last_value - (not is_called)::int from predictions_id_seq)"
"""The id of the newest prediction, or of a later one that is not stored yet; 0 where there was none."""

YOUNG = "(cast(:ttl as float8) is null or computed_at > now() - make_interval(secs => cast(:ttl as float8)))"
"""By the TTL of the process that asks, whatever it was when the prediction was computed."""


KNOWN = "starts_with(record_id, :record_prefix)"
"""Of a record that the caller may know of."""
EXPLAINED = "exists (select from explanations where prediction_id = predictions.id)"
"""What its features contributed is stored beside it."""


def prediction_of(content_hash: str, revisions: str, condition: str, *, end: str = "limit 1") -> str:
    """A lateral join, called prediction: one of `version` for a content that is not superseded.

    The subquery is a fence, so that each key is looked up by itself in the unique index. Without it the
    planner may begin with all predictions of the version, which its statistics, made before that version
    was used, take for none. Of a revision that is one of several it would take the search for dear.
    """
    return f"""
        lateral (
            select id, record_id, output, computed_at, revision from predictions
            where model_version_id = version.id
              and content_hash = {content_hash} and pipeline_version = :pipeline_version
              and array_position({revisions}, revision) is not null
              and superseded_at is null and {condition}
            {end}
        ) prediction
    """


# The newest, where several revisions are in service and have answered. Not `id` itself: the planner would
# take the order from the primary key, and read the table from its end.
HIT = prediction_of(
    "record.content_hash",
    "version.revisions",
    f"record_id = wanted.record_id and {YOUNG}",
    end="order by id + 0 desc limit 1",
)

# Of a `model`, the version that is `asked` for.
OF_MODEL = """
        left join lateral (
            select id, version, epoch, revisions from model_versions
            where asked.version is null and id = model.live_version_id
            union all
            select id, version, epoch, revisions from model_versions
            where model_id = model.id and version = asked.version
        ) version on true
"""
FOUND = """
    select wanted.record_id, version.model_id, version.id, version.version, version.epoch,
           record.content_hash,
           case when prediction.id is null or version.refresh then cast(record.payload as text) end,
           prediction.id, cast(prediction.output as text), prediction.revision, prediction.computed_at,
           date_part('epoch', now() - prediction.computed_at), now(), wanted.position
"""
WANTED = """
    unnest(cast(:record_ids as text[]), cast(:numbers as bigint[]))
        with ordinality as wanted (record_id, number, position)
"""

# Models and versions are looked up once for each kind of `asked`, the records for each of `wanted`.
LOOKUP = Statement(f"""
    with version as materialized (
        select asked.number, asked.refresh, model.id as model_id,
               version.id, version.version, coalesce(version.epoch, 0) as epoch, version.revisions
        from unnest(cast(:models as text[]), cast(:versions as text[]), cast(:refresh as boolean[]))
            with ordinality as asked (model, version, refresh, number)
        left join models model on model.name = asked.model
        {OF_MODEL}
    )
    {FOUND}
    from {WANTED}
    join version on version.number = wanted.number
    left join lateral (
        select content_hash, payload from input_objects where id = wanted.record_id limit 1
    ) record on true
    left join {HIT} on true
""")


async def look_up(
    direct: Direct,
    asks: Sequence[LookingUp],
    *,
    pipeline_version: str,
    ttl: float | None,
    statement: Statement = LOOKUP,
) -> list[list[Lookup]]:
    """Records, versions and cached predictions in one statement by primary keys, one for each of those who
    the asks are bound to: for each of the asks a lookup per id, in their order. ``ttl`` is in seconds."""

    async def alike(asks: Sequence[LookingUp]) -> list[list[Lookup]]:
        return await _look_up(direct, statement, asks, pipeline_version, ttl)

    return [*await apart(asks, attrgetter("binding"), alike)]


async def _look_up(
    direct: Direct, statement: Statement, asks: Sequence[LookingUp], pipeline_version: str, ttl: float | None
) -> list[list[Lookup]]:
    kinds: dict[tuple[str, str | None, bool, bool], int] = {}
    numbers: list[int] = []
    for ask in asks:
        number = kinds.setdefault((ask.model, ask.version, ask.refresh, ask.own), len(kinds) + 1)
        numbers += [number] * len(ask.record_ids)
    values: Mapping[str, object] = {
        "models": [model for model, *_ in kinds],
        "versions": [version for _, version, *_ in kinds],
        "refresh": [refresh for *_, refresh, _ in kinds],
        "own": [own for *_, own in kinds],
        "record_ids": [record_id for ask in asks for record_id in ask.record_ids],
        "numbers": numbers,
        "pipeline_version": pipeline_version,
        "ttl": ttl,
    }
    rows = await direct.fetch(statement, values, binding=asks[0].binding)
    found = sorted(starmap(Lookup, rows), key=attrgetter("position"))
    if len(asks) == 1:
        return [found]
    lookups = iter(found)
    return [[next(lookups) for _ in ask.record_ids] for ask in asks]


def entry_of(row: RowMapping) -> CachedPrediction | None:
    """The prediction of a row with ENTRY_COLUMNS."""
    if row["prediction_id"] is None:
        return None
    return CachedPrediction(
        id=row["prediction_id"],
        record_id=row["answered_for"],
        output=row["output"],
        revision=row["answered_by"],
        computed_at=row["computed_at"],
        age=row["age"],
    )
