"""R8: replicas of a new release that all migrate at once, while the one before serves."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.db import revisions
from tests.chaos.conftest import Figure
from tests.chaos.database.callers import Callers, Told, prepare
from tests.chaos.database.server import Durable, durable_server, service
from tests.support.aws_stub import AwsStub
from tests.support.next_release import BLOCKING, UNDO, migrate_again_and_again, migrate_at_once, next_release
from tests.support.orders import answer_ten_times
from tests.support.postgres import query

pytestmark = pytest.mark.chaos
TIMES, REPLICAS = 20, 8
INVALID = "select count(*) from pg_index where not indisvalid"
MADE = "select count(*) from pg_index where indexrelid = to_regclass('ix_predictions_latency_ms')"


@pytest.fixture
def server(aws: AwsStub) -> Iterator[Durable]:
    aws.respond = answer_ten_times
    with durable_server() as server:
        yield server


@dataclass
class Rounds:
    crashes: int = 0
    migrated: int = 0
    invalid: int = 0
    made: int = 0


def test_many_migrate_at_once_and_the_release_before_goes_on(
    server: Durable, figure: Figure, tmp_path: Path
) -> None:
    tree, told, rounds, log = next_release(tmp_path), Told(), Rounds(), tmp_path / "migrations.log"
    with service(server.url, tmp_path / "service.log") as running:
        prepare(running.url)
        with (
            Callers(running.url, told, writers=1, pause=0.05),
            migrate_again_and_again(tree, server.url, REPLICAS, TIMES, log) as migrate,
        ):
            for _ in range(TIMES):
                _round(server, migrate, rounds)
    rounds.migrated = log.read_text().count('"migrated"')
    failed = {kind: count for kind, count in told.calls.items() if "failed" in kind}
    measured = (
        f"{rounds.crashes} crashes, {rounds.invalid} invalid, {failed or 0} 5xx of {told.calls.total()}"
    )
    asked = "0 crashes, 0 invalid indexes, no 5xx of the release before"
    figure(
        "R8", f"{REPLICAS} replicas migrate at once, {TIMES} times, with a concurrent index", asked, measured
    )
    assert rounds == Rounds(0, TIMES, 0, TIMES)
    assert (failed, told.wrong) == ({}, [])


def test_the_harness_sees_a_lock_that_blocks(server: Durable, tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        migrate_at_once(next_release(tmp_path), server.url, REPLICAS, fault=BLOCKING, seconds=20)


def _round(server: Durable, migrate: Callable[[], bool], rounds: Rounds) -> None:
    rounds.crashes += not migrate()
    for name, asked in (("invalid", INVALID), ("made", MADE)):
        [(count,)] = query(server.url, asked)
        setattr(rounds, name, getattr(rounds, name) + int(str(count)))
    for statement in (*UNDO, f"update alembic_version set version_num = '{revisions.head()[0]}'"):
        query(server.url, statement)
