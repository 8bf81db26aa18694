"""One inference for a content, whoever asks, and whatever becomes of who computes it."""

import asyncio

import pytest
from sqlalchemy import text

from app.core.errors import BackendRejected, BackendThrottled, BackendTimeout
from app.services.predictions import storing
from app.services.predictions.predictor import Ask
from tests.support.eventually import until
from tests.trust import store
from tests.trust.conftest import Service
from tests.trust.platform import Platform
from tests.trust.processes import restarted

ASK = Ask("m")


async def test_the_same_content_under_other_ids_is_inferred_once(
    service: Service, platform: Platform
) -> None:
    for record in ("s1", "s2", "s3", "s4"):
        await service.write(record, 7)
    first = await service.predict("s1")
    later = await service.predict("s2")
    assert (first.cache, later.cache) == ("MISS", "HIT")
    assert (later.prediction, later.computed_at) == (first.prediction, first.computed_at)
    assert later.id != first.id
    assert (await service.predict("s2")).id == later.id
    both = await asyncio.gather(service.predict("s3", at=0), service.predict("s4", at=1))
    assert {answer.prediction["call"] for answer in both if isinstance(answer.prediction, dict)} == {0}
    assert len(platform.calls) == 1


async def test_a_batch_of_one_content_is_one_row_for_the_model(service: Service, platform: Platform) -> None:
    for number in range(5):
        await service.write(f"s{number}", 7)
    predictor = service.processes[0].predictor
    answers = await predictor.predict_many([f"s{number}" for number in range(5)], ASK)
    assert len({answer.id for answer in answers.values() if not isinstance(answer, Exception)}) == 5
    assert [call.rows for call in platform.calls] == [[7]]


async def test_concurrent_callers_with_one_content_share_the_call(
    service: Service, platform: Platform
) -> None:
    for record in ("s1", "s2", "s3"):
        await service.write(record, 7)
    platform.gate.clear()
    calls = [asyncio.create_task(service.predict(f"s{n + 1}", at=n % 2)) for n in range(3)]
    await until(lambda: platform.held == 1)
    await asyncio.sleep(0.2)
    platform.gate.set()
    assert sorted([answer.cache for answer in await asyncio.gather(*calls)])[-1] == "MISS"
    assert len(platform.calls) == 1


async def test_a_computed_answer_survives_a_store_that_fails_for_a_moment(
    service: Service, platform: Platform
) -> None:
    await store.prepare(service.database)
    await store.refuse_once(service.database)
    answer = await service.predict("r1")
    assert (answer.cache, (await service.predict("r1")).cache) == ("MISS", "HIT")
    assert len(platform.calls) == 1


async def test_a_store_that_fails_for_good_frees_the_claim_at_once(
    service: Service, platform: Platform
) -> None:
    async with service.database.transactions.begin() as session:
        await session.execute(text("alter table predictions add constraint never check (false) not valid"))
    with pytest.raises(Exception, match="never"):
        await service.predict("r1")
    async with service.database.transactions.begin() as session:
        assert await session.scalar(text("select count(*) from content_claims")) == 0
        await session.execute(text("alter table predictions drop constraint never"))
    assert (await service.predict("r1", at=1)).cache == "MISS"  # its lease would have been ten minutes


async def test_a_leaders_deadline_is_no_other_callers(service: Service, platform: Platform) -> None:
    hasty = restarted(service.processes[0], "c1", None, predict_timeout=0.3)
    service.processes[0] = hasty
    platform.gate.clear()
    leading = asyncio.create_task(service.predict("r1", at=0))
    await until(lambda: platform.held == 1)
    waiting = asyncio.create_task(service.predict("r1", at=1))
    with pytest.raises(BackendTimeout):
        await leading
    platform.gate.set()
    assert (await waiting).prediction is not None


async def test_a_platforms_own_time_out_is_shared(service: Service, platform: Platform) -> None:
    platform.refusal = BackendTimeout("The model did not answer the platform in time.")
    calls = [asyncio.create_task(service.predict("r1", at=number % 2)) for number in range(10)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {BackendTimeout}
    assert len(platform.calls) <= 2


async def test_a_shared_error_keeps_its_retry_after_and_its_fields(
    service: Service, platform: Platform
) -> None:
    platform.refusal = BackendThrottled("Busy.", retry_after=7.0)
    service.processes[0] = restarted(service.processes[0], "c1", None, predict_timeout=0.2)
    with pytest.raises(BackendThrottled) as first:
        await service.predict("r1", at=0)
    with pytest.raises(BackendThrottled) as shared:
        await service.predict("r1", at=1)
    assert (first.value.retry_after, shared.value.retry_after) == (7.0, 7.0)
    assert len(platform.calls) == 1


async def test_a_refusal_is_of_one_content(service: Service, platform: Platform) -> None:
    platform.poisoned = frozenset({2})
    answers = await service.processes[0].predictor.predict_many(["r1", "r2"], ASK)
    assert isinstance(answers["r2"], BackendRejected)
    assert not isinstance(answers["r1"], Exception)


async def test_an_answer_that_a_look_disowns_while_it_is_copied_is_told_as_it_was_found(
    service: Service, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.write("s1", 7)
    await service.write("s2", 7)
    first = await service.predict("s1")
    adopt = storing.adopt

    async def late(*given: object, **named: object) -> object:
        platform.change(["B"])
        await service.look()
        return await adopt(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(storing, "adopt", late)
    answer = await service.predict("s2")
    assert (answer.cache, answer.revision, answer.id) == ("HIT", "A", first.id)
    assert (await service.predict("s2")).revision == "B"


async def test_a_refresh_is_no_older_than_its_question_whatever_its_storing_waits_for(
    service: Service, platform: Platform
) -> None:
    async with service.database.transactions() as blocking:
        asked = await blocking.scalar(text("select clock_timestamp()"))
        await blocking.execute(text("select from model_versions for update"))
        refreshing = asyncio.create_task(service.predict("r1", refresh=True))
        await until(lambda: any(call.ended is not None for call in platform.calls))
        await asyncio.sleep(0.3)
        await blocking.rollback()
    assert (await refreshing).computed_at >= asked
