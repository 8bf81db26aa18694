"""Single flight behind a pooler that hides the server: no beacon, and nobody hears; the lease alone tells."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.core.settings import Settings
from app.services.predictions.predictor import Predictor
from tests.services.predictions.test_single_flight import ASK, held, replica
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import answer_ten_times, invocations, prepare
from tests.support.pooler import needs_pooler, pooler, through
from tests.support.postgres import MigratedServer
from tests.support.settings import IsolatedSettings

pytestmark = needs_pooler

LEASE = 0.6
"""Seconds; renewed every third of it."""
CALLS = 150


@pytest.fixture
def hidden(database_url: str, postgres_server: MigratedServer) -> Iterator[Settings]:
    """The database only through PgBouncer, which has fewer connections than its clients."""
    with pooler(postgres_server.admin_url, size=3) as port:
        # How long a busy machine takes to connect is nobody's affair here.
        url = SecretStr(f"{through(port, database_url)}?connect_timeout=60")
        yield IsolatedSettings(
            database_url=url, database_pooler=True, claim_lease=LEASE, database_pool_timeout=600
        )


@pytest.fixture
async def replicas(hidden: Settings, aws: AwsStub) -> AsyncIterator[list[Predictor]]:
    """Three, a live model, and a record `a`."""
    aws.respond = answer_ten_times
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(replica(hidden)) for _ in range(3)]
        await prepare(found[0])
        yield found


async def test_many_calls_over_replicas_are_one_inference_while_its_lease_is_renewed(
    replicas: list[Predictor], aws: AwsStub
) -> None:
    release = threading.Event()
    aws.respond = lambda request: held(request, release)
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(replicas[n % len(replicas)].predict("a", ASK)) for n in range(CALLS)]
        await until(lambda: len(invocations(aws)) > 0)
        assert await has_passed_its_first_lease(replicas[0]) is None
        release.set()
    answers = [call.result() for call in calls]
    assert {(answer.prediction, answer.id) for answer in answers} == {(15.0, answers[0].id)}
    assert [answer.cache for answer in answers].count("MISS") == 1
    assert len(invocations(aws)) == 1


async def has_passed_its_first_lease(one: Predictor) -> int | None:
    """Wait until the one claim would long be over, had it not been renewed; gives its beacon."""
    async with one.database.transactions() as session:
        first = (await session.scalars(text("select lease_until from content_claims"))).one()
    is_over = text("select clock_timestamp() > cast(:first as timestamptz) + make_interval(secs => :more)")
    async with asyncio.timeout(TIMEOUT):
        while True:
            async with one.database.transactions() as session:
                if await session.scalar(is_over, {"first": first, "more": LEASE}):
                    beacon: int | None = await session.scalar(text("select beacon from content_claims"))
                    return beacon
            await asyncio.sleep(LEASE / 10)


async def test_what_a_replica_has_left_behind_is_done_once_by_another(
    replicas: list[Predictor], aws: AwsStub
) -> None:
    """The leader stops renewing, as one that was killed: many wait for it, and one of them infers."""
    async with replicas[0].database.transactions.begin() as session:
        await session.execute(
            text("""
                insert into content_claims (model_version_id, content_hash,
                    pipeline_version, epoch, owner, lease_until)
                select v.id, r.content_hash, :pipeline_version, v.epoch, gen_random_uuid(),
                    clock_timestamp() + make_interval(secs => :lease)
                from model_versions v, input_objects r where r.id = 'a'
            """),
            {"pipeline_version": replicas[0].pipeline_version, "lease": LEASE},
        )
    calls = [replicas[n % len(replicas)].predict("a", ASK) for n in range(CALLS)]
    answers = await asyncio.gather(*calls)
    assert {(answer.prediction, answer.id) for answer in answers} == {(15.0, answers[0].id)}
    assert len(invocations(aws)) == 1
