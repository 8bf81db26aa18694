"""The plans of the prediction path right after a version's first use, which no statistics know of."""

from collections.abc import AsyncIterator, Iterator
from copy import copy
from typing import TypedDict
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.settings import Settings
from app.db.direct import Direct, Statement
from app.db.engine import Database, open_database
from app.db.predictions import cache, claiming, claims, own_models, predictions, storing, written
from app.db.predictions.claiming import Claiming
from app.db.predictions.claims import Lease
from app.db.predictions.predictions import NewPrediction
from app.db.predictions.scope import Scope
from app.db.predictions.storing import Storing
from tests.support.pooler import pooler_is_used
from tests.support.statements import recorded

KEYS = [(f"r{number}", f"hash {number}") for number in range(1000)]
SCOPE = Scope(2, "code", 0)

Plan = TypedDict(
    "Plan",
    {
        "Node Type": str,
        "Relation Name": str,
        "Index Name": str,
        "Index Cond": str,
        "Recheck Cond": str,
        "Plans": "list[Plan]",
    },
    total=False,
)

_MODEL = text("""
    with model as (insert into models (name) values ('transit') returning id)
    insert into model_versions (model_id, version, backend, options, features, revisions)
    select model.id, version, 'sagemaker', '{}', '{}', '{deployed}'
    from model, unnest(array['1', '2']) version
""")
_USE = text("""
    insert into predictions
        (record_id, content_hash, model_version_id, pipeline_version, revision,
         output, raw_output, latency_ms)
    select 'r' || number, 'hash ' || number, :version, 'code', 'deployed', '1', '1', 1
    from generate_series(0, 4999) number
""")


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """5,000 predictions of version 1, statistics of them, and then as many of version 2."""
    database = open_database(settings)
    async with database.transactions.begin() as session:
        await session.execute(text("alter table predictions set (autovacuum_enabled = false)"))
        await session.execute(_MODEL)
        await session.execute(_USE, {"version": 1})
        await session.execute(text("analyze predictions"))
        await session.execute(_USE, {"version": 2})
    yield database
    await database.aclose()


async def test_each_key_is_looked_up_by_itself(database: Database) -> None:
    async with database.transactions() as session:
        with recorded(database.engine) as seen:
            await _look_up_claim_and_store(database.direct, session)
        connection = await session.connection()
        for statement, parameters in seen:
            explained = await connection.exec_driver_sql(
                f"explain (format json) {statement}", tuple(parameters)
            )
            for scan in _scans(explained.scalar_one()[0]["Plan"]):
                found = scan.get("Index Cond", "") + scan.get("Recheck Cond", "")
                by_key = "(content_hash = " in found
                assert by_key or scan.get("Index Name") == "pk_predictions", scan
    assert len(seen) >= 9


@pytest.mark.skipif(pooler_is_used(), reason="nothing is kept: each statement is planned when it is run")
@pytest.mark.parametrize(
    "statement",
    [
        *(cache.LOOKUP, own_models.OWN_LOOKUP, written.WRITE, written.WRITE_OWN),
        *(claiming.CLAIM, claiming.LOOK_AGAIN, storing.STORE),
    ],
)
async def test_no_table_is_read_whole_by_a_plan_made_while_it_was_empty(
    settings: Settings, statement: Statement
) -> None:
    """Which a process keeps that has started before there was anything."""
    database = open_database(settings)
    async with database.statements() as session:
        await session.execute(text("vacuum analyze"))
    explained = copy(statement)
    explained.text = f"explain (generic_plan) {statement.text}"
    plan = await database.direct.fetch(explained, dict.fromkeys(statement.names))
    told = "\n".join(row[0] for row in plan)
    assert "Index" in told or statement is claiming.CLAIM
    assert "Seq Scan" not in told, told
    await database.aclose()


async def _look_up_claim_and_store(direct: Direct, session: AsyncSession) -> None:
    """With a thousand keys whose predictions are there already: by the longest way."""
    lease, record_ids = Lease(uuid4(), None, 15), [record_id for record_id, _ in KEYS]
    ask = cache.LookingUp(record_ids, "transit", "2", refresh=False)
    await cache.look_up(direct, [ask], pipeline_version="code", ttl=None)
    for own in (False, True):
        asks, other = [ask._replace(own=own)], own_models.OWN_LOOKUP
        await cache.look_up(direct, asks, pipeline_version="code", ttl=None, statement=other)
    hashes = [content_hash for _, content_hash in KEYS]
    await claiming.claim(direct, [Claiming(SCOPE, hashes, lease)])
    await claiming.look_again(direct, [(SCOPE, hashes)], ttl=None)
    await claims.states(session, SCOPE, hashes, ttl=None)
    rows = [NewPrediction(*key, "deployed", 1.0, 1.0, 1.0, epoch=0) for key in KEYS]
    await storing.store(direct, [Storing(SCOPE, lease, 0, rows)], ttl=None)
    await predictions.store(session, SCOPE, rows, ttl=None)


def _scans(plan: Plan) -> Iterator[Plan]:
    """The parts of a plan that read predictions or claims."""
    if plan.get("Relation Name") in ("predictions", "content_claims") and "Scan" in plan["Node Type"]:
        yield plan
    for part in plan.get("Plans", ()):
        yield from _scans(part)
