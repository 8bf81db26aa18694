"""The overview on a million predictions, and what its tallies cost who stores one.

``python -m benchmarks.overview``: a month of predictions of four versions, made by SQL, with what was
answered; then `GET /overview` and the page, by the client's clock, and the plans of their statements. It
fails where they touch the table of predictions. The database does not wait for its disk, which makes the
tallies dear: that is what who stores waits for most.
"""

import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import asyncpg
import httpx
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import Connection, event

from app.core.settings import Settings
from app.db import revisions
from app.db.engine import create_direct_engine, open_database
from app.db.ledger import folding
from app.db.predictions import storing
from app.db.predictions.claims import Lease
from app.db.predictions.predictions import NewPrediction
from app.db.predictions.scope import Scope
from app.db.predictions.storing import Storing
from app.main import create_app
from app.services.overview.overview import overview
from app.services.runtime import open_runtime
from app.services.use_case import load
from tests.support.postgres import migrated_server
from tests.support.server import serving
from tests.support.settings import IsolatedSettings

PREDICTIONS = 1_000_000
PATHS = [f"{path}?window={window}" for path in ("/overview", "/") for window in ("1h", "24h", "7d", "30d")]
RUNS, LIMIT = 21, 0.2
"""Requests of each, and seconds that the median may take."""
ROUNDS = 15
"""With and without the trigger, by turns."""
BEFORE = "e8130b94d6af"
"""The revision before there was a ledger."""

MODELS = (
    "insert into models (name) values ('one'), ('other')",
    """
    insert into model_versions (model_id, version, backend, options, features)
    select model, version, 'sagemaker', '{}', '{}'
    from generate_series(1, 2) model, generate_series(1, 2) version
    """,
    "update models set live_version_id = 2 * id",
    "insert into promotions (model_id, version_id) select id, live_version_id from models",
    """
    insert into prices (model_id, per, amount, currency, valid_from)
    select model, per, 0.01, 'USD', date_trunc('hour', now()) - make_interval(days => days)
    from (values (1, 'hour', 40), (1, 'call', 10), (2, 'row', 20)) as price (model, per, days)
    """,
)
FILL = f"""
    insert into predictions
        (model_version_id, revision, pipeline_version, record_id, content_hash, output, raw_output,
         latency_ms, computed_at, inference_id, inference_position)
    select 1 + n / 4 % 4, 'r', 'code', 'record-' || n, md5(cast(n as text)), '1', '1', exp(2 + 2 * random()),
           now() - make_interval(secs => 30 * 86400 * (n / {PREDICTIONS}.0)), 'call-' || n / 4, n % 4
    from generate_series(1, {PREDICTIONS}) n
"""
ANSWERS = """
    insert into answer_tallies (at, model_version_id, origin, outcome, cause, upto, answers)
    select date_trunc('minute', now()) - make_interval(mins => minute), version, origin, outcome, cause, upto,
           40
    from generate_series(0, 43199) minute, generate_series(1, 4) version,
         (values ('request', 'hit', ''), ('batch', 'hit', ''), ('request', 'miss', ''),
                 ('request', 'coalesced', ''), ('request', 'error', 'backend-timeout')
         ) told (origin, outcome, cause),
         (values (0.001), (0.002), (0.003), (0.005), (0.01)) waited (upto)
    where minute < 180 or minute % 60 = 0
"""


def main() -> None:
    with migrated_server() as server, server.clone() as url:
        settings = IsolatedSettings(database_url=SecretStr(url))
        asyncio.run(_fill(url))
        print(f"migration with {PREDICTIONS:,} predictions: {_migrated_anew(settings):.1f} s")
        asyncio.run(_tell(url, settings))
        asyncio.run(_print_plans(settings))
        slow = _measure(settings, url)
        asyncio.run(_measure_stores(settings, url))
    if slow:
        sys.exit(f"more than {LIMIT} s: {', '.join(slow)}")


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in (*MODELS, FILL):
        await connection.execute(statement, timeout=600)
    await connection.close()


def _migrated_anew(settings: Settings) -> float:
    """Seconds from the release before to the ledger, of what is stored already."""

    def migrate(connection: Connection, do: Callable[[Config], None]) -> None:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(revisions.MIGRATIONS))
        do(config)

    async def run(do: Callable[[Config], None]) -> None:
        engine = create_direct_engine(settings)
        async with engine.connect() as connection:
            await connection.run_sync(migrate, do)
            await connection.commit()
        await engine.dispose()

    asyncio.run(run(lambda config: command.downgrade(config, BEFORE)))
    began = time.monotonic()
    asyncio.run(run(lambda config: command.upgrade(config, "head")))
    return time.monotonic() - began


async def _tell(url: str, settings: Settings) -> None:
    """What was answered, in minutes and hours as workers would have left it."""
    connection = await asyncpg.connect(url)
    await connection.execute(MODELS[-1])  # gone with their table
    await connection.execute(ANSWERS, timeout=600)
    await connection.close()
    database = open_database(settings)
    began = time.monotonic()
    async with database.transactions.begin() as session:
        await folding.fold(session)
    print(f"folded in {time.monotonic() - began:.1f} s")
    await database.aclose()
    connection = await asyncpg.connect(url)
    await connection.execute("vacuum analyze")
    for table in ("predictions", "inference_tallies", "answer_tallies"):
        print(f"{table}: {await connection.fetchval(f'select count(*) from {table}'):,} rows")
    await connection.close()


async def _print_plans(settings: Settings) -> None:
    """Of all that the overview of a month asks."""
    asked: list[tuple[str, Sequence[object]]] = []
    async with open_runtime(settings, load(settings.use_case)) as runtime:
        engine = runtime.database.engine.sync_engine

        def note(_c: object, _u: object, statement: str, parameters: Sequence[object], *_: object) -> None:
            asked.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        await overview(runtime.sessions, runtime.answer_notes, window="30d")
        event.remove(engine, "before_cursor_execute", note)
        for statement, parameters in asked:
            async with runtime.database.engine.connect() as connection:
                plan = await connection.exec_driver_sql(f"explain {statement}", parameters)
                print(f"\n{' '.join(statement.split())[:200]}")
                print("\n".join(f"    {line}" for (line,) in plan))


def _measure(settings: Settings, url: str) -> list[str]:
    """The addresses that take too long."""
    medians, before = {}, asyncio.run(_looked_at(url))
    with serving(create_app(settings)) as address, httpx.Client(base_url=address, timeout=60) as client:
        for path in PATHS:
            client.get(path).raise_for_status()
            seconds = [_timed(client, path) for _ in range(RUNS)]
            medians[path] = statistics.median(seconds)
            least, most = min(seconds) * 1000, max(seconds) * 1000
            print(f"GET {path}: median {medians[path] * 1000:.0f} ms, {least:.0f} to {most:.0f} ms in {RUNS}")
    if asyncio.run(_looked_at(url)) != before:
        sys.exit("predictions were looked at")
    print("no scan of predictions, sequential or by an index")
    return [path for path, median in medians.items() if median > LIMIT]


def _timed(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - began


async def _looked_at(url: str) -> tuple[object, ...]:
    """How often the table of predictions and its indexes were read since the server began."""
    connection = await asyncpg.connect(url)
    await connection.execute("select pg_stat_force_next_flush()")
    scans = "select seq_scan, idx_scan from pg_stat_user_tables where relname = 'predictions'"
    found = tuple(await connection.fetchrow(scans) or ())
    await connection.close()
    return found


async def _measure_stores(settings: Settings, url: str) -> None:
    database, owner = open_database(settings), await asyncpg.connect(url)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(database.aclose)
        stack.push_async_callback(owner.close)
        for rows, times in ((1, 300), (256, 8)):

            async def store(rows: int = rows, times: int = times) -> None:
                for _ in range(times):
                    await storing.store(database.direct, [_batch(rows)], ttl=None)

            with_it, without = await _by_turns(owner, store, times)
            ratios = sorted(a / b for a, b in zip(with_it, without, strict=True))
            print(
                f"a statement that stores {rows}: {statistics.median(with_it) * 1e6:.0f} µs with tallies,"
                f" {statistics.median(without) * 1e6:.0f} without; ratio {statistics.median(ratios):.3f},"
                f" {ratios[0]:.3f} to {ratios[-1]:.3f} in {ROUNDS} rounds"
            )


async def _by_turns(
    owner: "asyncpg.Connection[asyncpg.Record]", store: Callable[[], Awaitable[None]], times: int
) -> tuple[Sequence[float], Sequence[float]]:
    taken: dict[str, list[float]] = {"enable": [], "disable": []}
    await store()
    for number in range(ROUNDS):
        for turn in (["enable", "disable"], ["disable", "enable"])[number % 2]:
            await owner.execute(f"alter table predictions {turn} trigger tally_inferences")
            await store()
            began = time.perf_counter()
            await store()
            taken[turn].append((time.perf_counter() - began) / times)
    await owner.execute("alter table predictions enable trigger tally_inferences")
    return taken["enable"], taken["disable"]


def _batch(rows: int) -> Storing:
    """Of a content that nobody has."""
    new = [NewPrediction(str(uuid4()), str(uuid4()), "r", 1.0, 1.0, 12.5) for _ in range(rows)]
    return Storing(Scope(1, "code", 0), Lease(uuid4(), None, 60), 0, new)


if __name__ == "__main__":
    main()
