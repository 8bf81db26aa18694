"""Made-up records and predictions: a first one of each through the service, the others of its kind by SQL."""

import asyncpg
import httpx

from examples.transit import train

HIT, MISS = "hit-", "miss-"
FIRST = "the-first"

RECORDS = """
    insert into input_objects (id, payload, content_hash)
    select made.id, payload, encode(sha256(made.id::bytea), 'hex')
    from input_objects,
         lateral (select $1 || lpad(n::text, 8, '0') as id from generate_series(1, $2::int) n) made
    where input_objects.id = $3
"""
PREDICTIONS = """
    insert into predictions (
        model_version_id, revision, pipeline_version, record_id, content_hash, output, raw_output, latency_ms,
        epoch, variant
    )
    select first.model_version_id, first.revision, first.pipeline_version, record.id, record.content_hash,
           first.output, first.raw_output, first.latency_ms, first.epoch, first.variant
    from predictions first, input_objects record
    where first.record_id = $1 and starts_with(record.id, $2)
"""


def hit_id(number: int) -> str:
    """The id of the record of that number, from 1."""
    return f"{HIT}{number:08}"


def miss_id(number: int) -> str:
    return f"{MISS}{number:08}"


async def stock(database_url: str, service_url: str, *, hits: int, misses: int) -> str:
    """Make records, ``hits`` of them with a prediction; gives the fingerprint that the service's have."""
    async with httpx.AsyncClient(base_url=service_url, timeout=60) as client:
        item = train.orders()[0].item.model_dump(mode="json")
        (await client.put(f"/records/{FIRST}", json=item)).raise_for_status()
        (await client.post(f"/predict/{FIRST}")).raise_for_status()
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(RECORDS, HIT, hits, FIRST)
        await connection.execute(RECORDS, MISS, misses, FIRST)
        await connection.execute(PREDICTIONS, FIRST, HIT)
        await connection.execute("vacuum analyze input_objects, predictions")
        return str(await connection.fetchval("select pipeline_version from predictions limit 1"))
    finally:
        await connection.close()
