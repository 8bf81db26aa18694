"""Single flight over several replicas: whole applications of this process, and real processes to kill."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import QueuePool, text

from app.core.errors import AppError, BackendError, InvalidInput
from app.core.settings import Settings
from app.db import looks
from app.db.engine import Sessions
from app.db.listener import Listener
from app.db.predictions import claiming, claims, storing
from app.db.predictions.claiming import Claiming
from app.db.predictions.claims import Failure, Lease
from app.db.predictions.scope import Scope
from app.main import create_app
from app.schemas.hosting.deployments import Deployment, InService
from app.services.predictions import leader
from app.services.predictions.flights import Landed, Wanted
from app.services.predictions.predictor import Answer, Ask, Predictor
from app.services.records import records
from tests.support.aws_stub import Answer as Reply
from tests.support.aws_stub import AwsStub, Request, csv, model_error
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import FEATURES, answer_ten_times, invocations, order, prepare
from tests.support.service import running_service
from tests.support.settings import database_variables
from tests.support.use_case import TRANSIT

ROOT = Path(__file__).parents[3]

ASK = Ask(model="transit")


@pytest.fixture
def aws(aws: AwsStub) -> AwsStub:
    aws.respond = answer_ten_times
    return aws


@asynccontextmanager
async def replica(settings: Settings) -> AsyncIterator[Predictor]:
    """A whole application, with its own pool, listener and flights."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app.state.runtime.predictor


@pytest.fixture
async def pair(settings: Settings, aws: AwsStub) -> AsyncIterator[tuple[Predictor, Predictor]]:
    """Two replicas, a live model, and a record `a`.

    How many calls a machine answers before DATABASE_POOL_TIMEOUT is its own affair, and here nobody's: those
    that wait longer are answered 503, and all else stays as it is.
    """
    chosen = settings.model_copy(update={"failure_hold": 600, "database_pool_timeout": 600})
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(replica(chosen)) for _ in range(2)]
        await prepare(one)
        yield one, two


def held(request: Request, release: threading.Event) -> Reply:
    """The right answer, once the event is set."""
    return Reply(200, answer_ten_times(request).body, {"Content-Type": "text/csv"}, wait=release)


@pytest.fixture
def waited_for(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Whose results a replica waits for, once for every time that it begins to."""
    owners, wait = list[UUID](), Listener.wait

    async def noted(self: Listener, owner: UUID, seconds: float) -> None:
        owners.append(owner)
        await wait(self, owner, seconds)

    monkeypatch.setattr(Listener, "wait", noted)
    return owners


async def all_have_looked(pair: tuple[Predictor, Predictor]) -> None:
    """Every call has asked the database: what is not answered waits for the model, or for who asked it."""
    pools = [one.database.engine.pool for one in pair]
    await until(lambda: not any(isinstance(pool, QueuePool) and pool.checkedout() for pool in pools))


async def all_is_done(pair: tuple[Predictor, Predictor]) -> None:
    """Claims are given up, too, which callers do not wait for."""
    await until(lambda: not any(one.flights.busy for one in pair))


async def count(sessions: Sessions, table: str) -> int:
    async with sessions() as session:
        return int(await session.scalar(text(f"select count(*) from {table}")) or 0)


async def test_5000_calls_over_two_replicas_are_one_inference(
    pair: tuple[Predictor, Predictor], aws: AwsStub
) -> None:
    release = threading.Event()
    aws.respond = lambda request: held(request, release)
    async with asyncio.TaskGroup() as group:  # none goes on after a failure, into the next test
        calls = [group.create_task(pair[index % 2].predict("a", ASK)) for index in range(5000)]
        await until(lambda: len(invocations(aws)) > 0)
        await all_have_looked(pair)
        release.set()
    answers = [call.result() for call in calls]
    assert {answer.prediction for answer in answers} == {15.0}
    assert len({answer.id for answer in answers}) == 1
    assert len(invocations(aws)) == 1
    states = [answer.cache for answer in answers]
    assert states.count("MISS") == 1
    assert states.count("COALESCED") + states.count("HIT") == 4999
    assert await count(pair[0].database.transactions, "predictions") == 1
    await all_is_done(pair)
    assert await count(pair[0].database.transactions, "content_claims") == 0


async def test_contended_batches_in_opposite_orders_infer_each_key_once(
    pair: tuple[Predictor, Predictor], aws: AwsStub
) -> None:
    ids = [f"r{index}" for index in range(300)]
    for index, record_id in enumerate(ids):
        await records.put(pair[0].database.transactions, TRANSIT, record_id, order(index / 10))
    calls = [pair[0].predict_many(ids, ASK), pair[1].predict_many(ids[::-1], ASK)]
    calls += [pair[n % 2].predict_many(ids[n * 30 : n * 30 + 90], ASK) for n in range(8)]
    for answers in await asyncio.gather(*calls):
        assert {name: value(answer) for name, answer in answers.items()} == {
            name: round(float(name[1:]), 1) for name in answers
        }
    assert sum(len(call.body.split()) for call in invocations(aws)) == len(ids)
    assert await count(pair[0].database.transactions, "predictions") == len(ids)


def value(answer: Answer | AppError) -> object:
    assert isinstance(answer, Answer), answer
    return answer.prediction


async def test_a_shared_failure_names_the_field_to_all(
    pair: tuple[Predictor, Predictor], sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        bad = "update input_objects set payload = payload || '{\"origin_lat\": 1000}'"
        await session.execute(text(bad))
    for predictor in pair:
        with pytest.raises(InvalidInput) as caught:
            await predictor.predict("a", ASK)
        assert "origin_lat" in f"{caught.value.detail} {caught.value.errors}"


async def test_a_failure_is_shared_with_the_other_replica(
    pair: tuple[Predictor, Predictor], aws: AwsStub, waited_for: list[UUID]
) -> None:
    release = threading.Event()
    broken = model_error(415)
    aws.respond = lambda request: Reply(broken.status, broken.body, broken.headers, wait=release)
    calls = [asyncio.create_task(pair[index % 2].predict("a", ASK)) for index in range(10)]
    await until(lambda: len(invocations(aws)) == 1 and bool(waited_for))
    await all_have_looked(pair)
    release.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, BackendError) for result in results)
    assert len({str(result) for result in results}) == 1
    assert len(invocations(aws)) == 1
    with pytest.raises(BackendError):  # for failure_hold seconds nobody tries again
        await pair[1].predict("a", ASK)
    assert len(invocations(aws)) == 1


async def test_a_leader_looks_once_more_before_it_infers(
    pair: tuple[Predictor, Predictor], aws: AwsStub
) -> None:
    """Another replica landed between this one's lookup and its claim."""
    ahead, behind = pair
    landed = await ahead.predict("a", ASK)
    deployment = Deployment(1, "transit", "1", "sagemaker", {"endpoint_name": "transit"}, tuple(FEATURES))
    async with behind.database.statements() as session:
        epoch = await session.scalar(text("select epoch from model_versions")) or 0
    scope = Scope(1, behind.pipeline_version, epoch)
    wanted = Wanted("a", landed.content_hash, order(1.5))
    result = (await behind.flights.predict(deployment, scope, [wanted]))[wanted.content_hash]
    assert isinstance(result, Landed)
    assert (result.entry.id, result.state) == (landed.id, "COALESCED")
    assert len(invocations(aws)) == 1
    await all_is_done(pair)
    assert await count(behind.database.transactions, "content_claims") == 0


async def test_a_claim_that_is_made_again_stays_with_its_owner(settings: Settings, aws: AwsStub) -> None:
    """As when the statement after it failed, and both are tried once more."""
    async with replica(settings) as one, one.database.statements() as session:
        await prepare(one)
        scope = Scope(1, one.pipeline_version, 0)
        mine, another = (Claiming(scope, ["hash"], Lease(uuid4(), None, 3600)) for _ in range(2))
        direct = one.database.direct
        assert [await claiming.claim(direct, [mine]) for _ in range(2)] == [[{"hash"}]] * 2
        assert await claiming.claim(direct, [another]) == [set()]
        await claims.fail(
            session, mine.lease, [Failure("hash", {"slug": "backend-down", "detail": "detail"}, 3600)]
        )
        assert await claiming.claim(direct, [mine]) == [set()]


async def test_of_two_batches_that_claim_the_same_together_one_gets_it(
    settings: Settings, aws: AwsStub
) -> None:
    async with replica(settings) as one:
        scope = Scope(1, one.pipeline_version, 0)
        first, second = (Lease(uuid4(), None, 3600) for _ in range(2))
        both = [Claiming(scope, ["x", "y"], first), Claiming(scope, ["y", "z"], second)]
        assert await claiming.claim(one.database.direct, both) == [{"x", "y"}, {"z"}]


async def test_waiters_hear_of_the_end(settings: Settings, aws: AwsStub) -> None:
    listener, owner = Listener(settings), uuid4()
    listener.start()
    await until(lambda: listener.beacon is not None)
    waiting = asyncio.create_task(listener.wait(owner, 3600))
    await asyncio.sleep(0)
    async with replica(settings) as one:
        await storing.notify(one.database.direct, [owner])
    done, _ = await asyncio.wait([waiting], timeout=TIMEOUT)
    assert done == {waiting}
    await listener.aclose()


BEACONS = """
    locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
"""


async def test_a_lost_listener_comes_back_with_another_beacon(settings: Settings, sessions: Sessions) -> None:
    listener = Listener(settings)
    listener.start()
    await until(lambda: listener.beacon is not None)
    first = listener.beacon
    async with sessions.begin() as session:
        ended = f"select pg_terminate_backend(pid) from pg_locks where {BEACONS}"
        await session.execute(text(ended))
    await until(lambda: listener.beacon not in (first, None))
    async with sessions() as session:
        held = f"select (classid::bigint << 32) | objid::bigint from pg_locks where {BEACONS}"
        assert set(await session.scalars(text(held))) == {listener.beacon}
    await listener.aclose()
    assert listener.beacon is None


async def test_a_lease_is_renewed_while_the_model_is_slower_than_it(
    settings: Settings, sessions: Sessions, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "RENEWALS", 100_000)
    long = settings.model_copy(update={"claim_lease": 3600})
    release = threading.Event()
    async with replica(long) as one, replica(long) as two:
        await prepare(one)
        aws.respond = lambda request: held(request, release)
        calls = [asyncio.create_task(replica.predict("a", ASK)) for replica in (one, two)]
        await until(lambda: len(invocations(aws)) == 1)
        for _ in range(3):
            await set_lease(sessions, 600)
            async with asyncio.timeout(TIMEOUT):
                while await lease_left(sessions) < 3000:  # noqa: ASYNC110 - a row says it
                    await asyncio.sleep(0.01)
        release.set()
        assert {answer.prediction for answer in await asyncio.gather(*calls)} == {15.0}
    assert len(invocations(aws)) == 1


async def set_lease(sessions: Sessions, seconds: float) -> None:
    """Let the one claim end so many seconds from now."""
    async with sessions.begin() as session:
        later = "clock_timestamp() + make_interval(secs => :seconds)"
        done = await session.execute(
            text(f"update content_claims set lease_until = {later} returning owner"), {"seconds": seconds}
        )
        assert len(done.all()) == 1


async def lease_left(sessions: Sessions) -> float:
    """Seconds until the one claim ends."""
    async with sessions() as session:
        left = "select extract(epoch from lease_until - clock_timestamp())::float8 from content_claims"
        return float((await session.scalars(text(left))).one())


@pytest.mark.parametrize("pooler", [False, True])
async def test_a_claim_of_nobody_is_taken_over_when_its_lease_ends(
    settings: Settings, sessions: Sessions, aws: AwsStub, waited_for: list[UUID], pooler: bool
) -> None:
    async with replica(
        settings.model_copy(update={"database_pooler": pooler or settings.database_pooler})
    ) as one:
        await prepare(one)
        async with one.database.transactions.begin() as session:
            await session.execute(
                text("""
                    insert into content_claims (model_version_id, content_hash,
                        pipeline_version, epoch, owner, lease_until)
                    select v.id, r.content_hash, :pipeline_version, v.epoch, gen_random_uuid(),
                        clock_timestamp() + interval '1 hour'
                    from model_versions v, input_objects r where r.id = 'a'
                """),
                {"pipeline_version": one.pipeline_version},
            )
        call = asyncio.create_task(one.predict("a", ASK))
        await until(lambda: len(waited_for) > 1)
        assert invocations(aws) == []
        await set_lease(sessions, 0)
        assert (await call).prediction == 15.0


async def test_a_killed_leader_is_replaced_within_a_poll(
    settings: Settings, aws: AwsStub, waited_for: list[UUID], tmp_path: Path
) -> None:
    """Its lease is an hour: only its beacon can tell."""
    settings = settings.model_copy(update={"claim_lease": 3600})
    release = threading.Event()
    first = threading.Event()

    def respond(request: Request) -> Reply:
        if "invocations" in request.path and not first.is_set():
            first.set()
            return held(request, release)
        return answer_ten_times(request)

    async with replica(settings) as survivor:
        await prepare(survivor)
        aws.respond = respond
        with running_service(ROOT, environment(settings), tmp_path / "log") as doomed:
            async with httpx.AsyncClient(base_url=doomed.url, timeout=TIMEOUT) as client:
                call = asyncio.create_task(client.post("/predict/a?model=transit"))
                await until(first.is_set)
                waiter = asyncio.create_task(survivor.predict("a", ASK))
                await until(lambda: bool(waited_for))
                doomed.process.kill()
                assert (await asyncio.wait_for(waiter, TIMEOUT)).prediction == 15.0
                with pytest.raises(httpx.TransportError):
                    await call
    release.set()
    assert len(invocations(aws)) == 2


def environment(settings: Settings) -> dict[str, str]:
    """What a service of these settings is started with, and finds the model by."""
    return {
        **database_variables(settings),
        "CLAIM_LEASE": str(settings.claim_lease),
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
    }


async def test_concurrent_refreshes_infer_once(
    pair: tuple[Predictor, Predictor], aws: AwsStub, waited_for: list[UUID]
) -> None:
    before = await pair[0].predict("a", ASK)
    release = threading.Event()
    aws.respond = lambda request: held(request, release)
    ask = Ask(model="transit", refresh=True)
    calls = [asyncio.create_task(pair[index % 2].predict("a", ask)) for index in range(20)]
    await until(lambda: len(invocations(aws)) == 2 and bool(waited_for))
    await all_have_looked(pair)
    release.set()
    answers = await asyncio.gather(*calls)
    assert len({answer.id for answer in answers}) == 1
    assert answers[0].id > before.id
    assert len(invocations(aws)) == 2


async def test_a_call_in_flight_during_a_swap_does_not_poison_the_new_revision(
    pair: tuple[Predictor, Predictor], aws: AwsStub
) -> None:
    release = threading.Event()
    aws.respond = lambda request: held(request, release)
    call = asyncio.create_task(pair[0].predict("a", ASK))
    await until(lambda: len(invocations(aws)) == 1)
    async with pair[0].database.transactions.begin() as session:
        version_id = await session.scalar(text("select id from model_versions"))
        await looks.lock(session, version_id)
        await looks.note(session, version_id, InService(7, frozenset({"new"})), newest_id=0)
    release.set()
    old = await call
    aws.script(csv("99"))
    new = await pair[1].predict("a", ASK)
    assert (old.prediction, old.revision) == (15.0, "pending:7")
    assert (new.prediction, new.revision, new.cache) == (99.0, "new", "MISS")


async def test_a_shutdown_gives_claims_up(settings: Settings, aws: AwsStub) -> None:
    release = threading.Event()
    async with replica(settings) as survivor:
        await prepare(survivor)
        aws.respond = lambda request: held(request, release)
        async with replica(settings) as leaving:
            call = asyncio.create_task(leaving.predict("a", ASK))
            await until(lambda: len(invocations(aws)) == 1)
            await leaving.flights.aclose(grace=0)
            with pytest.raises(AppError) as raised:
                await call
            assert raised.value.status == 503
            aws.respond = answer_ten_times
            assert (await survivor.predict("a", ASK)).prediction == 15.0
            release.set()
