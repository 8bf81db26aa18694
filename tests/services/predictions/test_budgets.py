"""A key causes at most its inferences of a day, over all replicas; what is cached it gets all the same."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.core.errors import BudgetSpent
from app.core.settings import Settings
from app.db.access import limits
from app.db.direct import Direct
from app.schemas.access.callers import ANYBODY, Caller
from app.services.access import budgets
from app.services.access.keys import NewKey
from app.services.predictions.predictor import Answer, Ask, Predictor
from app.services.records import records
from app.services.runtime import open_runtime
from tests.support.aws_stub import Answer as Reply
from tests.support.aws_stub import AwsStub, Request, model_error
from tests.support.callers import asked_by, caller_with
from tests.support.eventually import until
from tests.support.orders import answer_ten_times, invocations, order, prepare
from tests.support.use_case import TRANSIT

ASK = Ask(model="transit")
IDS = [f"r{number}" for number in range(20)]


@pytest.fixture
async def replicas(settings: Settings, aws: AwsStub) -> AsyncIterator[Sequence[Predictor]]:
    """What four processes run on, a live model and twenty records."""
    aws.respond = answer_ten_times
    async with AsyncExitStack() as stack:
        made, chosen = [], settings.model_copy(update={"failure_hold": 0})
        for _ in range(4):
            runtime = await stack.enter_async_context(open_runtime(chosen, TRANSIT))
            made.append(runtime.predictor)
        await prepare(made[0])
        new = [(record_id, order(float(number))) for number, record_id in enumerate(IDS)]
        for record_id, payload in new:
            await records.put(made[0].database.transactions, TRANSIT, record_id, payload)
        yield made


async def with_budget(predictor: Predictor, budget: int, name: str = "a") -> Caller:
    return await caller_with(predictor.database, NewKey(name, ["predict"], inferences_per_day=budget))


async def counted(predictor: Predictor) -> int:
    """What was counted, for all keys on all days."""
    async with predictor.database.transactions() as session:
        return int(await session.scalar(text("select coalesce(sum(inferences), 0) from key_inferences")) or 0)


def rows_sent(aws: AwsStub) -> int:
    return sum(len(request.body.splitlines()) for request in invocations(aws))


async def test_all_replicas_together_keep_to_the_budget(replicas: Sequence[Predictor], aws: AwsStub) -> None:
    who = await with_budget(replicas[0], 7)
    with asked_by(who):
        asked = [
            replicas[number % 4].predict_many([record_id], ASK) for number, record_id in enumerate(IDS * 2)
        ]
        answers = [one for answer in await asyncio.gather(*asked) for one in answer.values()]
        refused = [one for one in answers if not isinstance(one, Answer)]
        assert refused
        assert {type(one) for one in refused} == {BudgetSpent}
        again = await replicas[3].predict_many(IDS, ASK)
    assert rows_sent(aws) == await counted(replicas[0]) == 7
    hits = [one for one in again.values() if isinstance(one, Answer)]
    assert len(hits) == 7, "what is cached is answered"
    assert {one.cache for one in hits} == {"HIT"}


async def test_of_one_batch_the_first_are_inferred(replicas: Sequence[Predictor], aws: AwsStub) -> None:
    with asked_by(await with_budget(replicas[0], 3)):
        answers = await replicas[0].predict_many(IDS[:5], ASK)
        with pytest.raises(BudgetSpent) as refused:
            await replicas[1].predict(IDS[5], ASK)
        with pytest.raises(BudgetSpent):
            await replicas[1].predict(IDS[0], Ask(model="transit", refresh=True))
    assert [isinstance(one, Answer) for one in answers.values()] == [True, True, True, False, False]
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    left = (midnight - now).total_seconds()
    assert (refused.value.retry_after or 0) % 86_400 == pytest.approx(left, abs=60)
    assert refused.value.detail == "'a' has used its inferences of today. What is cached is answered."
    async with replicas[0].database.transactions() as session:
        assert await session.scalar(text("select count(*) from content_claims")) == 0


async def test_only_who_leads_pays(replicas: Sequence[Predictor], aws: AwsStub) -> None:
    """Of several who ask for the same at once, in one process and in others; nothing is paid for a hit."""
    release = threading.Event()
    aws.respond = lambda request: Reply(
        200, answer_ten_times(request).body, {"Content-Type": "text/csv"}, wait=release
    )
    who, other = [await with_budget(replicas[0], 10, name) for name in "ab"]
    calls = []
    for caller in (who, other, who, ANYBODY):
        with asked_by(caller):
            calls += [asyncio.create_task(one.predict("r1", ASK)) for one in replicas]
    await until(lambda: bool(invocations(aws)))
    release.set()
    states = [(await call).cache for call in calls]
    assert states.count("MISS") == 1
    assert rows_sent(aws) == 1
    assert await counted(replicas[0]) <= 1
    with asked_by(who):
        assert (await replicas[0].predict("r1", ASK)).cache == "HIT"
    assert await counted(replicas[0]) <= 1


async def test_whose_budget_ends_ends_nobody_else_s_call(replicas: Sequence[Predictor], aws: AwsStub) -> None:
    who = await with_budget(replicas[0], 1)
    with asked_by(who):
        await replicas[0].predict("r0", ASK)
        spent = [asyncio.create_task(one.predict("r1", ASK)) for one in replicas]
    with asked_by(ANYBODY):
        others = [asyncio.create_task(one.predict("r1", ASK)) for one in replicas]
    assert {(await call).prediction for call in others} == {10.0}
    for one in await asyncio.gather(*spent, return_exceptions=True):
        assert isinstance(one, BudgetSpent | Answer)
    assert rows_sent(aws) == 2


async def test_what_failed_was_sent_and_is_counted_once(replicas: Sequence[Predictor], aws: AwsStub) -> None:
    def failing(_: Request) -> Reply:
        return model_error(400)

    aws.respond = failing
    with asked_by(await with_budget(replicas[0], 5)):
        answers = await replicas[0].predict_many(["r0", "r1"], ASK)
    assert not any(isinstance(one, Answer) for one in answers.values())
    assert await counted(replicas[0]) == 2


async def test_a_new_day_has_a_budget_of_its_own(replicas: Sequence[Predictor], aws: AwsStub) -> None:
    with asked_by(await with_budget(replicas[0], 1)):
        await replicas[0].predict("r0", ASK)
        async with replicas[0].database.transactions.begin() as session:
            await session.execute(text("update key_inferences set day = day - 1"))
        await replicas[0].predict("r1", ASK)
        with pytest.raises(BudgetSpent):
            await replicas[0].predict("r2", ASK)
    assert rows_sent(aws) == 2


async def test_a_spent_budget_is_not_asked_for_again_and_again(
    replicas: Sequence[Predictor], monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await with_budget(replicas[0], 1)
    asked, take = 0, limits.take_inferences

    async def counting(direct: Direct, wanted: dict[int, int]) -> dict[int, limits.Granted]:
        nonlocal asked
        asked += 1
        return await take(direct, wanted)

    monkeypatch.setattr(limits, "take_inferences", counting)
    with asked_by(who):
        await replicas[0].predict("r0", ASK)
        for _ in range(20):
            with pytest.raises(BudgetSpent):
                await replicas[0].predict("r1", ASK)
        assert asked == 2
        monkeypatch.setattr(budgets, "REMEMBERED", 0)
        replicas[0].flights._leader.budgets._spent.clear()
        async with replicas[0].database.transactions.begin() as session:
            await session.execute(text("update api_keys set inferences_per_day = 2"))
        await replicas[0].predict("r1", ASK)


async def test_without_the_database_nothing_is_inferred(
    replicas: Sequence[Predictor], aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise OSError

    who = await with_budget(replicas[0], 1)
    with asked_by(who), monkeypatch.context() as patched:
        patched.setattr(limits, "take_inferences", away)
        with pytest.raises(OSError):
            await replicas[0].predict("r0", ASK)
    assert rows_sent(aws) == 0
    with asked_by(who):
        await replicas[1].predict("r0", ASK)  # the claim was given up


async def test_once_it_is_spent_another_record_s_answer_will_do(replicas: Sequence[Predictor]) -> None:
    """Of the same content: it is cached and costs nothing, also once it is known that the budget is spent."""
    with asked_by(await with_budget(replicas[0], 1)):
        await replicas[0].predict("r1", ASK)
        with pytest.raises(BudgetSpent):
            await replicas[0].predict("r2", ASK)
        await records.put(replicas[0].database.transactions, TRANSIT, "like r1", order(1.0))
        answers = await replicas[0].predict_many(["like r1", "r2"], ASK)
    found = answers["like r1"]
    assert isinstance(found, Answer)
    assert found.cache == "HIT"
    assert isinstance(answers["r2"], BudgetSpent)
