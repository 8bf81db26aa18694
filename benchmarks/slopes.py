"""What grows with records, predictions and versions. ``python -m benchmarks.slopes``; see docs/scaling.md.

Sizes and counts, no times: they are nearly the same on any machine.
"""

import os

os.environ["USE_CASE"] = "examples.transit"

import asyncio
import json
from typing import cast

import asyncpg
import httpx

from app.db.engine import GENERIC_PLANS
from app.db.predictions.cache import LOOKUP
from benchmarks.speed.made_up import hit_id
from benchmarks.speed.place import MODEL, Stocked, open_place, ours
from examples.transit import train
from tests.support.postgres import query

SIZES = (10_000, 100_000, 1_000_000)
MISSES, A_REQUEST = 2_000, 500
"""Misses whose WAL is measured, and the ids of one request, where they come together."""
VERSIONS = 500

RELATIONS = """
    select coalesce(parent.relname, own.relname)::text, own.relkind = 'i', pg_relation_size(own.oid)
    from pg_class own
    left join pg_index on indexrelid = own.oid
    left join pg_class parent on parent.oid = indrelid
    where 'public.input_objects'::regclass in (own.oid, indrelid)
       or 'public.predictions'::regclass in (own.oid, indrelid)
"""
LOOKED_UP_IN = """
    select sum(pg_relation_size(oid)) from pg_class
    where relname in ('pk_input_objects', 'uq_predictions_current_content')
"""


def main() -> None:
    with open_place() as place:
        for rows in SIZES:
            with place.database(f"slopes-{rows}", hits=rows, misses=2 * MISSES) as stocked:
                _tell_sizes(stocked, rows)
                if rows == SIZES[-1]:
                    _tell_growth(stocked)


def _tell_sizes(stocked: Stocked, rows: int) -> None:
    """Bytes a row, and the pages of 8 kB that a hit alone reads, be it from memory or the disk."""
    sizes: dict[str, float] = {}
    for table, is_index, size in _rows(stocked, RELATIONS):
        name = f"{table}, {'indexes' if is_index else 'table'}"
        sizes[name] = sizes.get(name, 0) + cast("int", size) / rows
    [[looked_up_in]] = _rows(stocked, LOOKED_UP_IN)
    sizes["of these the two indexes of a hit"] = float(str(looked_up_in)) / rows
    told = ", ".join(f"{name} {size:,.0f}" for name, size in sizes.items())
    pages = asyncio.run(_pages(stocked, rows))
    print(f"{rows:,} records with a prediction: a hit reads {pages} pages; bytes each: {told}")


async def _pages(stocked: Stocked, rows: int) -> int:
    values: dict[str, object] = {
        "models": [MODEL],
        "versions": [None],
        "refresh": [False],
        "record_ids": [hit_id(rows // 2)],
        "numbers": [1],
        "pipeline_version": stocked.peers["PIPELINE_VERSION"],
        "ttl": None,
    }
    connection = await asyncpg.connect(stocked.url, server_settings=GENERIC_PLANS)
    try:
        explain, given = (
            f"explain (analyze, buffers, format json) {LOOKUP.text}",
            map(values.get, LOOKUP.names),
        )
        told = json.loads(await connection.fetchval(explain, *given))[0]["Plan"]
        return int(told["Shared Hit Blocks"] + told["Shared Read Blocks"])
    finally:
        await connection.close()


def _tell_growth(stocked: Stocked) -> None:
    """Bytes of WAL of a prediction that is stored, and bytes of a version more."""
    with ours(stocked) as service, httpx.Client(base_url=service.url, timeout=60) as client:
        before = _wal(stocked)
        for record_id in stocked.fresh(MISSES):
            client.post(f"/predict/{record_id}").raise_for_status()
        one_by_one = _wal(stocked)
        for _ in range(MISSES // A_REQUEST):
            client.post("/predict", json={"record_ids": stocked.fresh(A_REQUEST)}).raise_for_status()
        together = _wal(stocked)
        print(
            f"bytes of WAL of a miss: {(one_by_one - before) / MISSES:,.0f} alone,"
            f" {(together - one_by_one) / MISSES:,.0f} among {A_REQUEST}"
        )
        size = "select pg_total_relation_size('model_versions')"
        [[first]] = _rows(stocked, size)
        for number in range(VERSIONS):
            version = {
                "version": f"more-{number}",
                "backend": "sagemaker",
                "options": {"endpoint_name": "paced"},
                "features": train.VERSIONS["2"],
            }
            client.post(f"/models/{MODEL}/versions", json=version).raise_for_status()
        [[last]] = _rows(stocked, size)
        print(f"bytes of a version more: {(cast('int', last) - cast('int', first)) / VERSIONS:,.0f}")


def _wal(stocked: Stocked) -> int:
    [[position]] = _rows(stocked, "select pg_current_wal_lsn() - '0/0'::pg_lsn")
    return int(str(position))


def _rows(stocked: Stocked, statement: str) -> list[tuple[object, ...]]:
    return query(stocked.place.superuser_url(stocked.name), statement)


if __name__ == "__main__":
    main()
