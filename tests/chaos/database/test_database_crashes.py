"""R3: a Postgres that is killed while it is written to has what it acknowledged."""

import random
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.chaos.conftest import Figure
from tests.chaos.database.callers import Callers, Told, prepare
from tests.chaos.database.server import SAFE, Durable, durable_server, service, settings_of, wait_until
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times
from tests.support.postgres import query
from tests.support.settings import IsolatedSettings
from tests.support.workers import worker_process

pytestmark = pytest.mark.chaos
KILLS = 50
CHECK = """
    select bt_index_check(index.indexrelid, true) from pg_index index
    join pg_class relation on relation.oid = index.indexrelid
    join pg_am method on method.oid = relation.relam and method.amname = 'btree'
    where relation.relnamespace = 'public'::regnamespace
"""
CHECK_TABLES = """
    select relation.relname, found.* from pg_class relation
    cross join lateral verify_heapam(relation.oid) found
    where relation.relnamespace = 'public'::regnamespace and relation.relkind = 'r'
      and relation.relpersistence = 'p'
"""


def test_nothing_acknowledged_is_lost(figure: Figure, aws: AwsStub, tmp_path: Path) -> None:
    aws.respond = answer_ten_times
    with durable_server() as server:
        assert settings_of(server.url) == SAFE
        told = _kill(server, KILLS, tmp_path)
        lost, torn = _lost(server, told), _torn(server)
        ended = {state for (state,) in query(server.url, "select state from evaluations")}
        figure(
            "R3", f"{KILLS} kill -9 of Postgres under writes: {told}", "0 lost", f"{lost} lost; {torn} torn"
        )
    assert sum(told.calls.values()) > KILLS
    assert not told.wrong, told.wrong[:3]
    assert (lost, torn, ended) == (0, 0, {"done"})


def test_the_harness_sees_commits_that_are_none(aws: AwsStub, tmp_path: Path) -> None:
    """The role does not wait for the disk, so that Postgres says done before it is."""
    aws.respond = answer_ten_times
    with durable_server() as server:
        query(server.url, "alter role app set synchronous_commit = off")
        assert settings_of(server.url) != SAFE
        assert _lost(server, _kill(server, 10, tmp_path)) > 0


def _kill(server: Durable, times: int, folder: Path) -> Told:
    """Under load, with an evaluation asked for in between; what was acknowledged."""
    told, log = Told(), folder / "service.log"
    settings = IsolatedSettings(database_url=SecretStr(server.url))
    with service(server.url, log) as running:
        prepare(running.url)
        with Callers(running.url, told) as callers:
            for number in range(times):
                time.sleep(random.uniform(0.2, 0.6))
                if number % 10 == 5:
                    _evaluate(callers, told)
                server.kill()
                server.start_again()
    with worker_process(settings, log=folder / "worker.log"):  # killed meanwhile are workers in R14
        wait_until(lambda: _have_ended(server), what="the evaluations end", seconds=120)
    return told


def _evaluate(callers: Callers, told: Told) -> None:
    if (asked := callers.call("evaluate", "POST", "/evaluations", {"model": "transit"})) is not None:
        told.evaluations.add(int(str(asked["id"])))


def _have_ended(server: Durable) -> bool:
    under_way = "select count(*) from evaluations where state in ('queued', 'running')"
    return query(server.url, under_way) == [(0,)]


def _lost(server: Durable, told: Told) -> int:
    """How much of what was acknowledged is not there, or is not as it was."""
    current = "predictions where superseded_at is null"
    pairs: list[tuple[Mapping[str, object], str]] = [
        (told.records, "select id, content_hash from input_objects"),
        (told.labels, "select record_id, (value #>> '{}')::float8 from labels"),
        (told.predictions, f"select record_id, (output #>> '{{}}')::float8 from {current}"),
    ]
    lost = len(told.evaluations - {key for (key,) in query(server.url, "select id from evaluations")})
    for acknowledged, asked in pairs:
        found = {row[0]: row[1] for row in query(server.url, asked)}
        lost += sum(found.get(key) != value for key, value in acknowledged.items())
    return lost


def _torn(server: Durable) -> int:
    """Indexes and tables that do not hold together."""
    query(server.admin_url, "create extension if not exists amcheck")
    query(server.admin_url, CHECK)  # raises at the first
    return len(query(server.admin_url, CHECK_TABLES))
