"""What features contributed to predictions: stored with them, and found by their ids."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from pydantic import JsonValue
from sqlalchemy import BigInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.direct import Direct, Statement
from app.db.engine import dump_json
from app.db.predictions import predictions
from app.db.predictions.cache import CachedPrediction
from app.db.predictions.predictions import NewPrediction
from app.db.predictions.scope import Scope
from app.schemas.values.alike import alike


class StoredExplanation(NamedTuple):
    """``value`` is JSON, of schemas.hosting.explained.Contributions."""

    value: str
    computed_at: datetime


_IDS = bindparam("ids", type_=ARRAY(BigInteger()))

_INSERT = text("""
    insert into explanations (prediction_id, model_version_id, record_id, value)
    select id, model_version_id, record_id, cast(given.value as json)
    from unnest(:ids, :values) as given (prediction_id, value)
    join predictions on id = given.prediction_id
    order by id
    on conflict do nothing
""").bindparams(_IDS, bindparam("values", type_=ARRAY(Text())))

_COPY = text("""
    insert into explanations (prediction_id, model_version_id, record_id, value, computed_at)
    select own.id, own.model_version_id, own.record_id, source.value, source.computed_at
    from unnest(:ids, :sources) as given (prediction_id, source_id)
    join predictions own on own.id = given.prediction_id
    join explanations source on source.prediction_id = given.source_id
    order by own.id
    on conflict do nothing
""").bindparams(_IDS, bindparam("sources", type_=ARRAY(BigInteger())))

_FIND = Statement("""
    select prediction_id, cast(value as text), computed_at from explanations
    where prediction_id = any(cast(:ids as bigint[]))
""")


async def find(direct: Direct, ids: Sequence[int]) -> dict[int, StoredExplanation]:
    """By prediction, as far as there are any."""
    rows = await direct.fetch(_FIND, {"ids": ids})
    return {prediction_id: StoredExplanation(value, at) for prediction_id, value, at in rows}


async def store(
    session: AsyncSession,
    scope: Scope,
    rows: Sequence[NewPrediction],
    explanations: Mapping[str, JsonValue],
    *,
    ttl: float | None,
) -> dict[str, CachedPrediction]:
    """Predictions as by ``predictions.store``, by record; in a scope that is explained each with its
    explanation."""
    if not scope.explained:
        return await predictions.store(session, scope, rows, ttl=ttl)
    entries = await _alike(session, scope, rows, ttl)
    ids = {entries[record_id].id: dump_json(value) for record_id, value in explanations.items()}
    await session.execute(_INSERT, {"ids": [*ids], "values": [*ids.values()]})
    return entries


async def copy(
    session: AsyncSession,
    scope: Scope,
    rows: Sequence[NewPrediction],
    sources: Mapping[str, int],
    *,
    ttl: float | None,
) -> dict[str, CachedPrediction]:
    """Copies for other records of the same content, by record; in a scope that is explained with the
    explanations of their ``sources``, which are predictions' ids by record."""
    if not scope.explained:
        return await predictions.store(session, scope, rows, ttl=ttl)
    entries = await _alike(session, scope, rows, ttl)
    pairs = {entry.id: sources[record_id] for record_id, entry in entries.items()}
    await session.execute(_COPY, {"ids": [*pairs], "sources": [*pairs.values()]})
    return entries


async def _alike(
    session: AsyncSession, scope: Scope, rows: Sequence[NewPrediction], ttl: float | None
) -> dict[str, CachedPrediction]:
    """The predictions that the explanations are of: where one landed first that says something else, it is
    superseded, as by a refresh. Nobody could tell what an explanation of another output explains."""
    entries = await predictions.store(session, scope, rows, ttl=ttl)
    others = [
        replace(row, after=entries[row.record_id].id)
        for row in rows
        if not alike(row.output, json.loads(entries[row.record_id].output))
    ]
    if others:
        entries |= await predictions.store(session, scope, others, ttl=ttl)
    return entries
